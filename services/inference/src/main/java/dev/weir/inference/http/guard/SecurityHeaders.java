package dev.weir.inference.http.guard;

import io.vertx.core.Handler;
import io.vertx.core.MultiMap;
import io.vertx.ext.web.RoutingContext;

/**
 * Headers that tell browsers to run nothing but this server's own files: the console is served
 * here, and shows texts that strangers wrote.
 */
final class SecurityHeaders implements Handler<RoutingContext> {

  /** No inline script or style sheet, no eval, no frame around it, no other server. */
  static final String CONTENT_SECURITY_POLICY =
      "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
          + " object-src 'none'";

  private static final String ONE_YEAR = "max-age=31536000";

  private final boolean https;

  SecurityHeaders(boolean https) {
    this.https = https;
  }

  @Override
  public void handle(RoutingContext context) {
    MultiMap headers = context.response().headers();
    headers
        .set("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        .set("X-Content-Type-Options", "nosniff")
        .set("X-Frame-Options", "DENY")
        .set("Referrer-Policy", "no-referrer")
        .set("Cross-Origin-Opener-Policy", "same-origin")
        .set("Cross-Origin-Resource-Policy", "same-origin");
    if (https) {
      headers.set("Strict-Transport-Security", ONE_YEAR);
    }
    context.next();
  }
}
