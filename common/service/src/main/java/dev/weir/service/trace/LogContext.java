package dev.weir.service.trace;

import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.MDC;

/**
 * What the log lines of this thread are about, until it is closed: ids in SLF4J's MDC, and the
 * current span. Begun and closed on one thread.
 */
public final class LogContext implements AutoCloseable {

  private final Deque<AutoCloseable> parts = new ArrayDeque<>();

  private LogContext() {}

  /** Begins with one id. */
  public static LogContext of(String name, String value) {
    return new LogContext().with(name, value);
  }

  /** Adds another id. */
  public LogContext with(String name, String value) {
    parts.push(MDC.putCloseable(name, value));
    return this;
  }

  /** Makes a span the current one, and its ids those of the log lines. */
  @SuppressWarnings("MustBeClosedChecker") // It is: with the other parts.
  public LogContext in(Span span) {
    SpanContext context = span.getSpanContext();
    if (context.isValid()) {
      parts.push(span.makeCurrent());
      with("trace_id", context.getTraceId());
      with("span_id", context.getSpanId());
    }
    return this;
  }

  @Override
  public void close() {
    while (!parts.isEmpty()) {
      try {
        parts.pop().close();
      } catch (Exception e) {
        throw new IllegalStateException("a log context does not close", e);
      }
    }
  }
}
