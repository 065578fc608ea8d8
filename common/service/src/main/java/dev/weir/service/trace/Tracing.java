package dev.weir.service.trace;

import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.ContextPropagators;
import io.opentelemetry.context.propagation.TextMapGetter;
import io.opentelemetry.context.propagation.TextMapPropagator;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.autoconfigure.AutoConfiguredOpenTelemetrySdk;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.jspecify.annotations.Nullable;

/**
 * A process's tracer, and how the context of a trace travels in Kafka's headers (W3C {@code
 * traceparent}).
 *
 * <p>Off unless the environment names an exporter ({@code OTEL_TRACES_EXPORTER} or an OTLP
 * endpoint): then no span is made, and a context that comes in a header goes on to what is made of
 * the record, so that a trace is not cut by a process that records nothing. Thread-safe; whoever
 * opened it closes it, which sends what is left.
 */
public final class Tracing implements AutoCloseable {

  private static final String SCOPE = "dev.weir";
  private static final String HEADER = "traceparent";
  private static final TextMapPropagator W3C = W3CTraceContextPropagator.getInstance();

  private static final Tracing OFF =
      new Tracing(OpenTelemetry.propagating(ContextPropagators.create(W3C)), false, () -> {});

  private final Tracer tracer;
  private final boolean recording;
  private final Runnable end;

  private Tracing(OpenTelemetry telemetry, boolean recording, Runnable end) {
    this.tracer = telemetry.getTracer(SCOPE);
    this.recording = recording;
    this.end = end;
  }

  /** Records nothing, and passes on the contexts that come. */
  public static Tracing off() {
    return OFF;
  }

  /** Records with an SDK that stays its owner's. */
  public static Tracing with(OpenTelemetry telemetry) {
    return new Tracing(telemetry, true, () -> {});
  }

  /**
   * The tracer that the environment asks for by OpenTelemetry's own variables.
   *
   * @param service the process's name in traces, unless {@code OTEL_SERVICE_NAME} says otherwise
   */
  public static Tracing open(String service, Map<String, String> environment) {
    if (!wanted(environment)) {
      return off();
    }
    Map<String, String> properties = new HashMap<>();
    properties.put("otel.service.name", service);
    properties.put("otel.metrics.exporter", "none"); // Prometheus has them.
    properties.put("otel.logs.exporter", "none");
    properties.put("otel.exporter.otlp.protocol", "http/protobuf");
    environment.forEach(
        (name, value) -> {
          if (name.startsWith("OTEL_")) {
            properties.put(name.toLowerCase(Locale.ROOT).replace('_', '.'), value);
          }
        });
    OpenTelemetrySdk sdk =
        AutoConfiguredOpenTelemetrySdk.builder()
            .addPropertiesSupplier(() -> properties)
            .disableShutdownHook()
            .build()
            .getOpenTelemetrySdk();
    return new Tracing(sdk, true, sdk::close);
  }

  private static boolean wanted(Map<String, String> environment) {
    String exporter = environment.getOrDefault("OTEL_TRACES_EXPORTER", "");
    return !Boolean.parseBoolean(environment.get("OTEL_SDK_DISABLED"))
        && !exporter.equals("none")
        && (!exporter.isEmpty()
            || environment.containsKey("OTEL_EXPORTER_OTLP_ENDPOINT")
            || environment.containsKey("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"));
  }

  /** Whether spans are recorded. */
  public boolean recording() {
    return recording;
  }

  /** Whether there is anything to do for a record with these headers. */
  public boolean concerns(Headers headers) {
    return recording || headers.lastHeader(HEADER) != null;
  }

  /** What a record's headers say of the trace that it belongs to; the root context for nothing. */
  public static Context context(Headers headers) {
    return headers.lastHeader(HEADER) == null
        ? Context.root()
        : W3C.extract(Context.root(), headers, TraceHeaders.GETTER);
  }

  /** What another carrier, such as an HTTP request, says of the trace that it belongs to. */
  public static <C> Context extract(C carrier, TextMapGetter<C> getter) {
    return W3C.extract(Context.root(), carrier, getter);
  }

  /** Begins the span of making something of a record, as a part of the record's own trace. */
  public SpanBuilder process(String topic, int partition, long offset, Context parent) {
    return messaging("process", topic, SpanKind.CONSUMER, parent)
        .setAttribute(TraceAttributes.PARTITION, Integer.toString(partition))
        .setAttribute(TraceAttributes.OFFSET, offset);
  }

  /** Begins the span of a record that is sent. */
  public SpanBuilder send(String topic, Context parent) {
    return messaging("send", topic, SpanKind.PRODUCER, parent);
  }

  private SpanBuilder messaging(String operation, String topic, SpanKind kind, Context parent) {
    return span(operation + " " + topic, kind, parent)
        .setAttribute(TraceAttributes.MESSAGING_SYSTEM, "kafka")
        .setAttribute(TraceAttributes.OPERATION_NAME, operation)
        .setAttribute(TraceAttributes.OPERATION_TYPE, operation)
        .setAttribute(TraceAttributes.DESTINATION, topic);
  }

  /** Begins another span. */
  public SpanBuilder span(String name, SpanKind kind, Context parent) {
    return tracer.spanBuilder(name).setSpanKind(kind).setParent(parent);
  }

  /** Writes a span's context into the headers of a record that belongs to it. */
  public static void into(Span span, Headers headers) {
    W3C.inject(Context.root().with(span), headers, TraceHeaders.SETTER);
  }

  /** The {@code traceparent} of a record's headers as it stands there; null for none. */
  public static @Nullable String written(Headers headers) {
    return TraceHeaders.GETTER.get(headers, HEADER);
  }

  /** A span's context in one line, to be kept where there are no headers; null for none. */
  public static @Nullable String written(SpanContext context) {
    if (!context.isValid()) {
      return null;
    }
    Headers headers = new RecordHeaders();
    into(Span.wrap(context), headers);
    return TraceHeaders.GETTER.get(headers, HEADER);
  }

  /** The context in {@link #written}'s form; invalid where there is none. */
  public static SpanContext read(@Nullable String written) {
    if (written == null) {
      return SpanContext.getInvalid();
    }
    Headers headers = new RecordHeaders();
    TraceHeaders.SETTER.set(headers, HEADER, written);
    return Span.fromContext(W3C.extract(Context.root(), headers, TraceHeaders.GETTER))
        .getSpanContext();
  }

  @Override
  public void close() {
    end.run();
  }
}
