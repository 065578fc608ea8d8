package dev.weir.inference.http.web;

import dev.weir.inference.meter.InferenceMeters;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.vertx.core.Handler;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Times every request by method, route and status, in front of all routes. The label is the route's
 * pattern, never the path that was asked for: whoever asks for a million paths makes no series.
 */
public final class RequestMeters implements Handler<RoutingContext> {

  /** Streams last as long as their listeners like; their durations mean nothing. */
  private static final String STREAMS = "/v1/stream";

  private static final Set<String> METHODS =
      Set.of("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH");

  private record Key(String method, String route, int status) {}

  private final MeterRegistry registry;
  private final RoutePatterns routes;
  private final Map<Key, Timer> timers = new ConcurrentHashMap<>();

  /** Meters by the pattern of the route. */
  public RequestMeters(MeterRegistry registry, RoutePatterns routes) {
    this.registry = registry;
    this.routes = routes;
  }

  @Override
  public void handle(RoutingContext context) {
    long began = System.nanoTime();
    context.addEndHandler(ended -> record(context, began));
    context.next();
  }

  private void record(RoutingContext context, long began) {
    String route = routes.of(context);
    if (route.startsWith(STREAMS)) {
      return;
    }
    int status = context.response().getStatusCode();
    InferenceMeters.HTTP_RESPONSES
        .counter(registry, InferenceMeters.statusClass(status))
        .increment();
    Key key = new Key(method(context), route, status);
    timers
        .computeIfAbsent(
            key,
            fresh ->
                InferenceMeters.HTTP_REQUESTS.timer(
                    registry, fresh.method(), fresh.route(), Integer.toString(fresh.status())))
        .record(Duration.ofNanos(System.nanoTime() - began));
  }

  /** The method, or {@code _OTHER}: anything may stand where the method does. */
  static String method(RoutingContext context) {
    String asked = context.request().method().name();
    return METHODS.contains(asked) ? asked : "_OTHER";
  }
}
