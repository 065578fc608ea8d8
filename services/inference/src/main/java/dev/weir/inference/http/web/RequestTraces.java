package dev.weir.inference.http.web;

import dev.weir.service.trace.TraceAttributes;
import dev.weir.service.trace.Tracing;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.context.propagation.TextMapGetter;
import io.vertx.core.Handler;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;
import org.jspecify.annotations.Nullable;

/**
 * The span of each request, in front of all routes: a part of the trace that its {@code
 * traceparent} header names. Probes, scrapes and streams of events have none.
 */
public final class RequestTraces implements Handler<RoutingContext> {

  private static final String SPAN = "weir.span";

  private static final TextMapGetter<HttpServerRequest> GETTER =
      new TextMapGetter<>() {
        @Override
        public @Nullable String get(@Nullable HttpServerRequest carrier, String key) {
          return carrier == null ? null : carrier.getHeader(key);
        }
      };

  private final Tracing tracing;
  private final RoutePatterns routes;

  /** Spans named by the pattern of the route. */
  public RequestTraces(Tracing tracing, RoutePatterns routes) {
    this.tracing = tracing;
    this.routes = routes;
  }

  @Override
  public void handle(RoutingContext context) {
    HttpServerRequest request = context.request();
    if (wanted(request)) {
      String method = RequestMeters.method(context);
      Span span =
          tracing
              .span(method, SpanKind.SERVER, Tracing.extract(request, GETTER))
              .setAttribute(TraceAttributes.HTTP_METHOD, method)
              .startSpan();
      context.put(SPAN, span);
      context.addEndHandler(ended -> end(span, method, context));
    }
    context.next();
  }

  private boolean wanted(HttpServerRequest request) {
    String path = request.path();
    return (tracing.recording() || request.getHeader("traceparent") != null)
        && path != null
        && !path.startsWith("/health")
        && !path.startsWith("/metrics")
        && !path.startsWith("/v1/stream");
  }

  private void end(Span span, String method, RoutingContext context) {
    String route = routes.of(context);
    int status = context.response().getStatusCode();
    span.updateName(method + " " + route)
        .setAttribute(TraceAttributes.HTTP_ROUTE, route)
        .setAttribute(TraceAttributes.HTTP_STATUS, (long) status);
    if (status >= 500) {
      span.setStatus(StatusCode.ERROR);
    }
    span.end();
  }

  /** The span of a request; an invalid one when it has none. */
  public static Span of(RoutingContext context) {
    return context.<Object>get(SPAN) instanceof Span span ? span : Span.getInvalid();
  }
}
