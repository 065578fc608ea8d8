package dev.weir.inference.http.guard;

import dev.weir.inference.http.web.Problem;
import io.vertx.core.Handler;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.CorsHandler;
import java.net.URI;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What pages of other servers may do: nothing, unless their origin is allowed (CORS).
 *
 * <p>A browser hides answers from such pages by itself, but still sends what needs no preflight. So
 * whatever changes something is refused here when a page of another origin asks for it: else any
 * page that somebody opens could send feedback to a service on his own machine.
 */
final class Origins implements Handler<RoutingContext> {

  private static final int PREFLIGHT_SECONDS = 600;

  private static final Set<HttpMethod> SAFE = Set.of(HttpMethod.GET, HttpMethod.HEAD);

  private final Set<String> allowed;
  private final CorsHandler cors;

  /** The origins ({@code https://host:port}) whose pages may use this server. */
  Origins(Set<String> allowed) {
    this.allowed = Set.copyOf(allowed);
    this.cors =
        CorsHandler.create()
            .addOrigins(allowed.stream().sorted().toList())
            .allowedMethods(Set.of(HttpMethod.GET, HttpMethod.POST))
            .allowedHeaders(Set.of("Authorization", "Content-Type", "Last-Event-ID"))
            .exposedHeader("Retry-After")
            .maxAgeSeconds(PREFLIGHT_SECONDS);
  }

  @Override
  public void handle(RoutingContext context) {
    String origin = context.request().getHeader("Origin");
    if (origin == null || own(context, origin)) {
      context.next();
    } else if (allowed.contains(origin)) {
      context.response().headers().set("Cross-Origin-Resource-Policy", "cross-origin");
      cors.handle(context);
    } else if (SAFE.contains(context.request().method())) {
      context.next();
    } else {
      throw new Problem(
          403,
          "origin-not-allowed",
          "pages of another origin may not do this; add theirs to WEIR_HTTP_ORIGINS");
    }
  }

  /** Whether the page came from this server, by the name that the client knows it by. */
  private static boolean own(RoutingContext context, String origin) {
    @Nullable String host = context.request().getHeader("Host");
    try {
      return host != null && host.equalsIgnoreCase(URI.create(origin).getAuthority());
    } catch (IllegalArgumentException e) {
      return false;
    }
  }
}
