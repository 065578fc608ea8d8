package dev.weir.browser;

import com.sun.net.httpserver.HttpExchange;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A proxy through which one of the page's style sheets comes last: it is held back until the page,
 * asked by a script that the proxy adds to it, has laid itself out with what it had until then.
 */
final class LateStyleProxy extends ReverseProxy {

  /** Lays the page out, by asking for a place on it, as soon as all other sheets are there. */
  private static final String SCRIPT =
      """
      const others = [...document.querySelectorAll('link[rel=stylesheet]')]
        .filter((link) => !link.href.endsWith('%s'));
      const timer = setInterval(() => {
        if (others.every((link) => link.sheet)) {
          clearInterval(timer);
          document.getElementById('adapter').offsetWidth;
          fetch('console/laid-out');
        }
      }, 10);
      """;

  private final String late;
  private final CountDownLatch laidOut = new CountDownLatch(1);

  /**
   * Starts the proxy.
   *
   * @param late the path of the style sheet
   */
  LateStyleProxy(String behind, String late) throws IOException {
    super(behind);
    this.late = late;
  }

  @Override
  boolean answers(HttpExchange exchange, String path) throws IOException, InterruptedException {
    switch (path) {
      case "/console/lay-out.js" -> answer(exchange, "text/javascript", SCRIPT.formatted(late));
      case "/console/laid-out" -> {
        laidOut.countDown();
        answer(exchange, "text/plain", "");
      }
      default -> {
        if (path.equals(late) && !laidOut.await(Browser.SOON.toSeconds(), TimeUnit.SECONDS)) {
          throw new IOException("the page was not laid out before " + late);
        }
        return false;
      }
    }
    return true;
  }

  @Override
  InputStream passedOn(String path, InputStream answer) throws IOException {
    if (!path.equals("/")) {
      return answer;
    }
    try (answer) {
      // An async script waits for no style sheet.
      return new ByteArrayInputStream(
          new String(answer.readAllBytes(), StandardCharsets.UTF_8)
              .replace("</body>", "<script async src=\"console/lay-out.js\"></script></body>")
              .getBytes(StandardCharsets.UTF_8));
    }
  }

  private static void answer(HttpExchange exchange, String type, String content)
      throws IOException {
    byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("content-type", type);
    exchange.sendResponseHeaders(200, bytes.length == 0 ? -1 : bytes.length);
    exchange.getResponseBody().write(bytes);
  }
}
