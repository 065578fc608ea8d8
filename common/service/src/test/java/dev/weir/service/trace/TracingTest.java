package dev.weir.service.trace;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.context.Context;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.junit.jupiter.api.Test;

class TracingTest {

  private static final String PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

  @Test
  void recordsNothingUnlessTheEnvironmentNamesAnExporter() {
    for (Map<String, String> environment :
        java.util.List.of(
            Map.<String, String>of(),
            Map.of("OTEL_TRACES_EXPORTER", "none"),
            Map.of("OTEL_TRACES_EXPORTER", "otlp", "OTEL_SDK_DISABLED", "true"))) {
      assertThat(Tracing.open("weir", environment)).isSameAs(Tracing.off());
    }
    assertThat(Tracing.off().recording()).isFalse();
  }

  @Test
  void offPassesOnTheContextThatComesAndMakesNoneOfItsOwn() {
    Headers in = headers(PARENT);
    assertThat(Tracing.off().concerns(in)).isTrue();
    Span span = Tracing.off().process("reviews", 0, 1, Tracing.context(in)).startSpan();
    Headers out = new RecordHeaders();
    Tracing.into(span, out);
    assertThat(Tracing.written(out)).isEqualTo(PARENT);

    Headers none = new RecordHeaders();
    assertThat(Tracing.off().concerns(none)).isFalse();
    Tracing.into(Tracing.off().process("reviews", 0, 1, Context.root()).startSpan(), none);
    assertThat(none).isEmpty();
  }

  @Test
  void aWrittenContextIsReadAgainAndNonsenseIsNone() {
    SpanContext read = Tracing.read(PARENT);
    assertThat(read.getTraceId()).isEqualTo("0af7651916cd43dd8448eb211c80319c");
    assertThat(Tracing.written(read)).isEqualTo(PARENT);
    assertThat(Tracing.read("nonsense").isValid()).isFalse();
    assertThat(Tracing.read(null).isValid()).isFalse();
    assertThat(Span.fromContext(Tracing.context(headers("nonsense"))).getSpanContext().isValid())
        .isFalse();
  }

  @Test
  void aContextReplacesTheOneThatTheHeadersHadBefore() {
    Headers headers = headers(PARENT);
    Tracing.into(
        Span.wrap(Tracing.read("00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")),
        headers);
    assertThat(headers.headers("traceparent")).hasSize(1);
    assertThat(Tracing.written(headers)).startsWith("00-1af7");
  }

  @Test
  void sendsSpansToTheEndpointThatTheEnvironmentNames() throws IOException, InterruptedException {
    BlockingQueue<String> requests = new LinkedBlockingQueue<>();
    HttpServer collector =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    collector.createContext(
        "/",
        exchange -> {
          String body = new String(exchange.getRequestBody().readAllBytes(), UTF_8);
          requests.add(exchange.getRequestURI() + " " + body);
          exchange.sendResponseHeaders(200, -1);
          exchange.close();
        });
    collector.start();
    try {
      String endpoint = "http://127.0.0.1:" + collector.getAddress().getPort();
      try (Tracing tracing =
          Tracing.open("weir-test", Map.of("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint))) {
        assertThat(tracing.recording()).isTrue();
        tracing.process("reviews", 3, 17, Context.root()).startSpan().end();
      }
      assertThat(requests.poll(60, TimeUnit.SECONDS))
          .startsWith("/v1/traces ")
          .contains("weir-test", "process reviews", "messaging.system");
    } finally {
      collector.stop(0);
    }
  }

  private static Headers headers(String parent) {
    Headers headers = new RecordHeaders();
    headers.add("traceparent", parent.getBytes(UTF_8));
    return headers;
  }
}
