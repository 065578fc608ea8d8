package dev.weir.inference.http;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.inference.http.web.Bodies;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
class SmallHeapTest {

  private static final int LARGE = 24;
  private static final int SLOW = 100;

  @TempDir Path directory;

  /** 8 MiB of a request's body are millions of nodes, and 24 of them were the process's end. */
  @Test
  void manyLargeAndSlowBodiesAtOnceAreRefusedAndOthersAnswered() throws Exception {
    // Just below the limit of a body.
    String body = "{\"texts\":[" + "{},".repeat((Bodies.MOST - 32) / 3) + "{}]}";
    assertThat(body.length()).isLessThan(Bodies.MOST);
    HttpClient client = HttpClient.newHttpClient();
    List<Socket> slow = new ArrayList<>();
    try (SmallHeapServer server = SmallHeapServer.http(directory)) {
      for (int i = 0; i < SLOW; i++) {
        slow.add(slow(server.port));
      }
      HttpRequest large = post(server.port, body);
      HttpRequest one = post(server.port, "{\"text\":\"a fine film\"}");
      List<CompletableFuture<HttpResponse<String>>> flood = new ArrayList<>();
      for (int i = 0; i < LARGE; i++) {
        flood.add(client.sendAsync(large, BodyHandlers.ofString()));
        assertThat(client.send(one, BodyHandlers.ofString()).statusCode()).isEqualTo(200);
      }
      for (CompletableFuture<HttpResponse<String>> each : flood) {
        // 422 where there was room, 429 where there was none, 408 where the client was too slow.
        assertThat(each.get().statusCode()).isIn(408, 422, 429);
      }
      assertThat(client.send(one, BodyHandlers.ofString()).statusCode()).isEqualTo(200);
      assertThat(server.alive()).isTrue();
    } finally {
      for (Socket each : slow) {
        each.close();
      }
    }
  }

  private static HttpRequest post(int port, String body) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/v1/classify"))
        .version(HttpClient.Version.HTTP_1_1)
        .POST(BodyPublishers.ofString(body))
        .build();
  }

  /** A body of which a part comes and the rest never. */
  private static Socket slow(int port) throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
    String head =
        "POST /v1/classify HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"
            .formatted(4 << 20);
    socket.getOutputStream().write(head.getBytes(US_ASCII));
    socket.getOutputStream().write("x".repeat(100 << 10).getBytes(UTF_8));
    return socket;
  }
}
