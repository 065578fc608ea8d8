package dev.weir.browser;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;

/** A proxy that lets nobody into the interface without the key. */
final class GuardedProxy extends ReverseProxy {

  private final String key;

  GuardedProxy(String behind, String key) throws IOException {
    super(behind);
    this.key = key;
  }

  @Override
  boolean answers(HttpExchange exchange, String path) throws IOException {
    String shown = exchange.getRequestHeaders().getFirst("Authorization");
    if (!path.startsWith("/v") || ("Bearer " + key).equals(shown)) {
      return false;
    }
    exchange.sendResponseHeaders(401, -1);
    return true;
  }
}
