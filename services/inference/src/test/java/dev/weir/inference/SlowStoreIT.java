package dev.weir.inference;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.inference.release.TestingStore;
import dev.weir.store.artifact.FileArtifactStore;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whoever asks for what only the store knows waits for the store; nobody else does. */
class SlowStoreIT {

  /** More than there are threads for requests. */
  private static final int WAITING = 16;

  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  @TempDir Path directory;

  /** A request that does not need the store, and how it is answered. */
  private record Request(String method, String path, String body, int status) {}

  private static final Request LINEAGE =
      new Request("GET", "/v1/adapters/default/versions/1", "", 200);

  private static final List<Request> OTHERS =
      List.of(
          new Request("POST", "/v1/classify", "{\"text\":\"0 a fine film\"}", 200),
          new Request("POST", "/v1/feedback", "{\"text\":\"0 fine\",\"label\":\"positive\"}", 202),
          new Request("POST", "/v1/adapters/default/threshold", "{\"abstainBelow\":0.1}", 202),
          new Request("GET", "/v1/adapters", "", 200),
          new Request("GET", "/metrics", "", 200),
          new Request("GET", "/health/ready", "", 200));

  @Test
  void aStoreThatHangsHoldsUpNobodyElse() throws Exception {
    TestingStore store = new TestingStore(new FileArtifactStore(directory.resolve("store")));
    try (TestingService running = new TestingService(directory, store)) {
      running.release(1);
      CountDownLatch silence = new CountDownLatch(1);
      store.holdManifests(silence);
      try {
        List<CompletableFuture<HttpResponse<String>>> waiting =
            Stream.generate(() -> send(running, LINEAGE)).limit(WAITING).toList();
        for (Request other : OTHERS) {
          assertThat(send(running, other).get(60, TimeUnit.SECONDS).statusCode())
              .as(other.path())
              .isEqualTo(other.status());
        }
        assertThat(waiting).noneMatch(CompletableFuture::isDone);
        silence.countDown();
        for (CompletableFuture<HttpResponse<String>> lineage : waiting) {
          assertThat(lineage.get(60, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
        }
      } finally {
        silence.countDown();
      }
    }
  }

  private static CompletableFuture<HttpResponse<String>> send(
      TestingService running, Request request) {
    URI uri = URI.create("http://127.0.0.1:" + running.service.port() + request.path());
    return CLIENT.sendAsync(
        HttpRequest.newBuilder(uri)
            .header("Content-Type", "application/json")
            .method(request.method(), BodyPublishers.ofString(request.body()))
            .build(),
        BodyHandlers.ofString());
  }
}
