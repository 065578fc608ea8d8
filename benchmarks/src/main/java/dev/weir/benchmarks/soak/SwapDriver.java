package dev.weir.benchmarks.soak;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.benchmarks.serving.Latencies;
import dev.weir.benchmarks.serving.ServedAdapter;
import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.Limits;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;

/**
 * Announces champions in turns and makes sure of what comes of each: a whole one serves, a corrupt
 * one is refused with its reason while the version before goes on serving. Belongs to one thread.
 */
final class SwapDriver {
  /** One release in so many is corrupt. */
  private static final int CORRUPT_EVERY = 10;

  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final HttpClient client = HttpClient.newHttpClient();
  private final ServedAdapter served;
  private final List<Version> versions;
  private final Version corrupt;
  private final AnswerCheck check;
  private final Latencies liveAfter = new Latencies();
  private int announced;
  private int refused;
  private Version serving;

  /**
   * @param versions two whole ones; the first serves already
   */
  SwapDriver(ServedAdapter served, List<Version> versions, Version corrupt, AnswerCheck check) {
    this.served = served;
    this.versions = versions;
    this.corrupt = corrupt;
    this.check = check;
    this.serving = versions.get(0);
  }

  /** Announces {@code count} champions, evenly from a time on. */
  void swap(int count, long beginNanos, double perSecond) throws InterruptedException {
    for (int i = 0; i < count; i++) {
      long at = beginNanos + (long) (i / perSecond * 1e9);
      for (long left = at - System.nanoTime(); left > 0; left = at - System.nanoTime()) {
        LockSupport.parkNanos(left);
        if (Thread.interrupted()) {
          throw new InterruptedException("while waiting for the next swap");
        }
      }
      announced++;
      if (announced % CORRUPT_EVERY == 0) {
        refuse();
      } else {
        serve(serving.equals(versions.get(0)) ? versions.get(1) : versions.get(0));
      }
    }
  }

  private void serve(Version next) throws InterruptedException {
    served.crown(next.number(), next.digest());
    long began = System.nanoTime();
    if (await(
        adapter ->
            adapter.path("serving").path("version").asInt() == next.number()
                && adapter.path("serving").path("digest").asText().equals(next.digest()))) {
      liveAfter.record(true, System.nanoTime() - began);
      serving = next;
    } else {
      check.error("version " + next.number() + " did not serve within 10 s");
    }
  }

  private void refuse() throws InterruptedException {
    served.crown(corrupt.number(), corrupt.digest());
    boolean told =
        await(
            adapter ->
                adapter.path("failure").path("version").asInt() == corrupt.number()
                    && adapter.path("failure").path("reason").asText().equals("checksum-mismatch")
                    && adapter.path("serving").path("version").asInt() == serving.number());
    if (told) {
      refused++;
    } else {
      check.error("the corrupt release was not refused within 10 s");
    }
  }

  private boolean await(Predicate<JsonNode> condition) throws InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(served.uri("/v1/adapters/" + Limits.DEFAULT_ADAPTER)).build();
    long deadline = System.nanoTime() + PATIENCE_NANOS;
    while (System.nanoTime() < deadline) {
      try {
        HttpResponse<byte[]> response =
            client.send(request, HttpResponse.BodyHandlers.ofByteArray());
        if (condition.test(EventJson.mapper().readTree(response.body()))) {
          return true;
        }
      } catch (IOException e) {
        check.error("the adapters cannot be listed: " + e);
        return false;
      }
      TimeUnit.MILLISECONDS.sleep(2); // Asking is load, too.
    }
    return false;
  }

  int announced() {
    return announced;
  }

  int refused() {
    return refused;
  }

  /** From the champion's record being written to its version being listed as serving. */
  Latencies liveAfter() {
    return liveAfter;
  }
}
