package dev.weir.standalone.monitoring;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.core.read.ListAppender;
import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.Feedback;
import dev.weir.contract.event.Review;
import dev.weir.service.trace.TraceAttributes;
import dev.weir.service.trace.Tracing;
import dev.weir.standalone.loop.LocalLoop;
import dev.weir.testing.TestingBaseModel;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.LinkData;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** What the whole loop, in one process, tells of a turn: in traces, and in logs. */
class TelemetryIT {

  /** A word that nothing but texts and broken records has. */
  private static final String MARKER = "Xylographquux";

  private static final String REVIEW_TRACE = "0af7651916cd43dd8448eb211c80319c";
  private static final String FEEDBACK_TRACE = "1bf7651916cd43dd8448eb211c80319d";
  private static final String REFUSED_TRACE = "2bf7651916cd43dd8448eb211c80319e";
  private static final String REVIEW_ID = "traced-review";
  private static final int BATCH = 32;

  private static final InMemorySpanExporter SPANS = InMemorySpanExporter.create();
  private static final ListAppender<ILoggingEvent> LOG = new ListAppender<>();
  private static final Logger WEIR = (Logger) LoggerFactory.getLogger("dev.weir");
  private static final Logger ROOT = (Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME);
  private static @Nullable Level levelBefore;
  private static String scrapedAtFirst = "";
  private static String scrapedAtLast = "";

  /** Of versions, of routes and of waits for a lock: who knows them before? */
  private static final Pattern NOT_FROM_THE_START =
      Pattern.compile("weir_inference_(answers|confidence|http_requests)_?.*|.*_max");

  @TempDir static Path directory;

  @BeforeAll
  static void turnTheLoop() throws Exception {
    levelBefore = WEIR.getLevel();
    WEIR.setLevel(Level.TRACE);
    LOG.setContext((LoggerContext) LoggerFactory.getILoggerFactory());
    LOG.start();
    ROOT.addAppender(LOG);
    OpenTelemetrySdk sdk =
        OpenTelemetrySdk.builder()
            .setTracerProvider(
                SdkTracerProvider.builder()
                    .addSpanProcessor(SimpleSpanProcessor.create(SPANS))
                    .build())
            .build();
    Map<String, String> settings =
        Map.of(
            "WEIR_HTTP_PORT", "0",
            "WEIR_BASE_MODEL", TestingBaseModel.write(directory.resolve("base"), 1).toString(),
            "WEIR_TRAIN_METHODS", "head-refresh",
            "WEIR_TRAIN_PASS_OVER", "0",
            "WEIR_TRAIN_MIN_HOLDOUT", "5",
            "WEIR_CURATION_HOLDOUT_SHARE", "0.4",
            "WEIR_CURATION_BATCH_SIZE", Integer.toString(BATCH));
    try (LocalLoop loop =
        new LocalLoop(directory.resolve("data"), 0, settings, () -> Tracing.with(sdk))) {
      loop.start();
      try (Turn turn = new Turn(loop)) {
        scrapedAtFirst = turn.get("/metrics");
        turn.teach(0, BATCH);
        awaitSpan("load adapter");
        turn.review();
        awaitSpan("process reviews");
        turn.judge();
        turn.misbehave();
        turn.teach(BATCH, 2 * BATCH);
        Awaitility.await("two batches are decided")
            .atMost(Duration.ofMinutes(4))
            .until(() -> spans("train head-refresh").size() >= 2);
        Awaitility.await("the broken records are dead letters")
            .atMost(Duration.ofMinutes(2))
            .until(
                () ->
                    turn.deadLetters() >= 7
                        && spans("process feedback").stream()
                            .anyMatch(span -> span.getTraceId().equals(REFUSED_TRACE)));
        scrapedAtLast = turn.get("/metrics");
      }
    }
  }

  @AfterAll
  static void leaveTheLoggersAsTheyWere() {
    ROOT.detachAppender(LOG);
    WEIR.setLevel(levelBefore);
  }

  @Test
  void aReviewsAnswerBelongsToTheTraceThatItsHeaderNames() {
    SpanData answered =
        spans("process reviews").stream()
            .filter(span -> REVIEW_ID.equals(span.getAttributes().get(TraceAttributes.REVIEW)))
            .findFirst()
            .orElseThrow();
    assertThat(answered.getTraceId()).isEqualTo(REVIEW_TRACE);
    assertThat(answered.getParentSpanId()).isEqualTo("b7ad6b7169203331");
    assertThat(answered.getAttributes().get(TraceAttributes.ADAPTER)).isEqualTo("default");
    assertThat(answered.getAttributes().get(TraceAttributes.VERSION)).isPositive();
    assertThat(answered.getAttributes().get(TraceAttributes.DESTINATION)).isEqualTo("reviews");
  }

  @Test
  void feedbackOverHttpIsATraceOfItsOwnLinkedToTheReviews() {
    assertThat(spans("POST /v1/feedback"))
        .anyMatch(span -> span.getTraceId().equals(FEEDBACK_TRACE));
    SpanData example = judged();
    assertThat(example.getTraceId()).isEqualTo(FEEDBACK_TRACE);
    assertThat(links(example)).containsExactly(REVIEW_TRACE);
  }

  @Test
  void refusedFeedbackHasASpanThatSaysWhyAndNoTraceIsLost() {
    List<SpanData> refused =
        spans("process feedback").stream()
            .filter(span -> "dead-letter".equals(span.getAttributes().get(TraceAttributes.OUTCOME)))
            .toList();
    assertThat(refused)
        .isNotEmpty()
        .allSatisfy(
            span -> {
              assertThat(span.getStatus().getStatusCode()).isEqualTo(StatusCode.ERROR);
              assertThat(span.getAttributes().get(TraceAttributes.ERROR_TYPE)).isNotBlank();
              assertThat(span.getAttributes().get(TraceAttributes.OFFSET)).isNotNegative();
            })
        .anySatisfy(
            span -> {
              assertThat(span.getTraceId()).isEqualTo(REFUSED_TRACE);
              assertThat(span.getAttributes().get(TraceAttributes.ERROR_TYPE))
                  .isEqualTo("malformed-json");
            });
  }

  @Test
  void aBatchIsLinkedToItsExamplesAndContinuedByTrainingAndRelease() {
    SpanData example = judged();
    SpanData batch =
        spans("send training-batches").stream()
            .filter(span -> batchOf(span).equals(batchOf(example)))
            .findFirst()
            .orElseThrow();
    assertThat(links(batch)).contains(FEEDBACK_TRACE).hasSizeLessThanOrEqualTo(32);

    List<String> batches =
        spans("send training-batches").stream().map(SpanData::getTraceId).toList();
    assertThat(spans("process training-batches"))
        .isNotEmpty()
        .allSatisfy(span -> assertThat(batches).contains(span.getTraceId()));
    assertThat(spans("train head-refresh"))
        .isNotEmpty()
        .allSatisfy(
            span -> {
              assertThat(batches).contains(span.getTraceId());
              assertThat(span.getAttributes().get(TraceAttributes.OUTCOME)).isNotBlank();
            });
    assertThat(spans("load adapter"))
        .isNotEmpty()
        .allSatisfy(
            span -> {
              assertThat(batches).contains(span.getTraceId());
              assertThat(span.getAttributes().get(TraceAttributes.OUTCOME)).isEqualTo("loaded");
            });
  }

  @Test
  void noSpanHasAText() {
    assertThat(SPANS.getFinishedSpanItems())
        .isNotEmpty()
        .noneMatch(span -> span.toString().contains(MARKER));
  }

  @Test
  void noLogLineHasATextWhateverIsWrongWithIt() {
    List<ILoggingEvent> lines = List.copyOf(LOG.list);
    assertThat(lines)
        .extracting(ILoggingEvent::getFormattedMessage)
        .anyMatch(line -> line.contains("is a dead letter, malformed-json"))
        .anyMatch(line -> line.contains("closed by COUNT"))
        .noneMatch(line -> line.contains(MARKER));
    for (ILoggingEvent line : lines) {
      for (IThrowableProxy at = line.getThrowableProxy(); at != null; at = at.getCause()) {
        assertThat(String.valueOf(at.getMessage())).doesNotContain(MARKER);
      }
      assertThat(line.getMDCPropertyMap().toString()).doesNotContain(MARKER);
    }
  }

  @Test
  void linesOfATrainingNameBatchAdapterAndTrace() {
    assertThat(LOG.list)
        .filteredOn(line -> line.getLoggerName().endsWith("BatchTrainer"))
        .isNotEmpty()
        .allSatisfy(
            line ->
                assertThat(line.getMDCPropertyMap())
                    .containsKeys("batch", "trace_id", "span_id")
                    .containsEntry("adapter", "default"));
  }

  /**
   * One that is born with a value has grown unseen: rate() and increase() begin at what is there.
   */
  @Test
  void noCounterOfOursIsBornAfterTheStart() {
    Set<String> atFirst = series(scrapedAtFirst);
    assertThat(series(scrapedAtLast))
        .hasSizeGreaterThan(500)
        .allSatisfy(each -> assertThat(atFirst).contains(each));
  }

  @Test
  void everyCounterThatAnAlertOrAPanelAsksForIsThereFromTheStart() {
    Set<String> names =
        series(scrapedAtFirst).stream()
            .map(each -> each.replaceAll("[{ ].*", ""))
            .collect(Collectors.toSet());
    Stream.concat(
            MonitoringFiles.queries().stream().map(MonitoringFiles.Query::expression),
            MonitoringFiles.rules().stream().map(rule -> rule.path("expr").asText()))
        .flatMap(expression -> MonitoringFiles.metrics(expression).stream())
        .filter(name -> name.matches("weir_.*_(total|bucket|count|sum)"))
        .filter(name -> !NOT_FROM_THE_START.matcher(name).matches())
        .forEach(name -> assertThat(names).contains(name));
  }

  @Test
  void memoryBrokersAndDecidedBatchesAreShown() {
    assertThat(value("process_resident_memory_bytes"))
        .isPositive()
        .isLessThanOrEqualTo(value("weir_memory_limit_bytes"));
    assertThat(value("weir_broker_disk_free_bytes"))
        .isPositive()
        .isLessThanOrEqualTo(value("weir_broker_disk_size_bytes"));
    assertThat(scrapedAtLast)
        .contains("weir_broker_under_replicated_partitions 0.0")
        .contains("weir_broker_offline_partitions 0.0");
    assertThat(value("weir_inference_decided_batch_timestamp_seconds"))
        .as("both batches are decided")
        .isEqualTo(value("weir_curation_batch_closed_timestamp_seconds"));
  }

  private static double value(String series) {
    return scrapedAtLast
        .lines()
        .filter(line -> line.startsWith(series))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .findFirst()
        .orElse(Double.NaN);
  }

  /** Counters of ours with their labels; of a histogram, its count. */
  private static Set<String> series(String scrape) {
    return scrape
        .lines()
        .filter(line -> line.matches("weir_[a-z0-9_]+_(total|count|sum|bucket)[{ ].*"))
        .map(line -> line.substring(0, line.lastIndexOf(' ')))
        .filter(each -> !NOT_FROM_THE_START.matcher(each.replaceAll("[{ ].*", "")).matches())
        .collect(Collectors.toSet());
  }

  private static SpanData judged() {
    return spans("process feedback").stream()
        .filter(span -> REVIEW_ID.equals(span.getAttributes().get(TraceAttributes.REVIEW)))
        .findFirst()
        .orElseThrow();
  }

  private static String batchOf(SpanData span) {
    return String.valueOf(span.getAttributes().get(TraceAttributes.BATCH));
  }

  private static List<String> links(SpanData span) {
    return span.getLinks().stream()
        .map(LinkData::getSpanContext)
        .map(io.opentelemetry.api.trace.SpanContext::getTraceId)
        .toList();
  }

  private static List<SpanData> spans(String name) {
    return SPANS.getFinishedSpanItems().stream()
        .filter(span -> span.getName().equals(name))
        .toList();
  }

  private static void awaitSpan(String name) {
    Awaitility.await(name).atMost(Duration.ofMinutes(4)).until(() -> !spans(name).isEmpty());
  }

  /** What people do in this turn of the loop. */
  private static final class Turn implements AutoCloseable {

    private final LocalLoop loop;
    private final HttpClient http = HttpClient.newHttpClient();
    private final KafkaProducer<byte[], byte[]> producer;

    Turn(LocalLoop loop) {
      this.loop = loop;
      this.producer =
          new KafkaProducer<>(loop.kafka(), new ByteArraySerializer(), new ByteArraySerializer());
    }

    void teach(int from, int to) throws ExecutionException, InterruptedException {
      for (int i = from; i < to; i++) {
        String label = i % 2 == 0 ? "positive" : "negative";
        Feedback feedback = Feedback.labeled("taught-" + i, text(i), label, "test");
        send(loop.topics().feedback(), "taught-" + i, EventJson.write(feedback), null);
      }
    }

    private static String text(int i) {
      String opinion = i % 2 == 0 ? "good great loved" : "bad awful boring";
      return "the film was " + opinion + " " + MARKER + " " + i;
    }

    void review() throws ExecutionException, InterruptedException {
      send(
          loop.topics().reviews(),
          REVIEW_ID,
          EventJson.write(Review.of(REVIEW_ID, text(1000))),
          REVIEW_TRACE);
    }

    void judge() throws IOException, InterruptedException {
      // Curation meets review and answer in its own time; feedback waits for them.
      post(
          "/v1/feedback",
          "{\"reviewId\": \"%s\", \"verdict\": \"agree\"}".formatted(REVIEW_ID),
          FEEDBACK_TRACE);
    }

    /** Everything that is refused, with the word in it. */
    void misbehave() throws Exception {
      for (String topic : List.of(loop.topics().reviews(), loop.topics().feedback())) {
        send(topic, null, utf8(MARKER), null);
        send(topic, "a", utf8("{\"id\": \"a\", \"text\": \"" + MARKER), null);
        send(topic, "b", utf8("{\"id\": \"b\", \"text\": [\"" + MARKER + "\"]}"), null);
      }
      send(loop.topics().feedback(), "traced", utf8("{\"label\": " + MARKER), REFUSED_TRACE);
      send(
          loop.topics().feedback(),
          "c",
          utf8("{\"text\": \"fine\", \"label\": \"" + MARKER + "\"}"),
          null);
      send(
          loop.topics().reviews(),
          "d",
          EventJson.write(Review.of("d", (MARKER + " ").repeat(10_000))),
          null);
      send(loop.topics().trainingBatches(), "e", utf8("{\"id\": " + MARKER), null);
      send(loop.topics().classifications(), "f", utf8("{\"id\": " + MARKER), null);
      send(loop.topics().examples(), "default/f", utf8("{\"text\": " + MARKER), null);
      post("/v1/classify", "{\"text\": \"" + MARKER + "\", \"explain\": true}", null);
      post("/v1/classify", "{\"text\": " + MARKER, null);
      post("/v1/classify", "{\"text\": [\"" + MARKER + "\"]}", null);
      post("/v1/feedback", "{\"text\": \"fine\", \"label\": \"" + MARKER + "\"}", null);
    }

    double deadLetters() throws IOException, InterruptedException {
      return get("/metrics")
          .lines()
          .filter(line -> line.matches("weir_(inference|curation)_dead_letters_total\\{.*"))
          .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
          .sum();
    }

    private void send(String topic, @Nullable String key, byte[] value, @Nullable String trace)
        throws ExecutionException, InterruptedException {
      ProducerRecord<byte[], byte[]> record =
          new ProducerRecord<>(topic, key == null ? null : utf8(key), value);
      if (trace != null) {
        record.headers().add("traceparent", utf8(parent(trace)));
      }
      producer.send(record).get();
    }

    private static String parent(String trace) {
      return "00-" + trace + "-b7ad6b7169203331-01";
    }

    private String get(String path) throws IOException, InterruptedException {
      return http.send(HttpRequest.newBuilder(uri(path)).build(), text()).body();
    }

    private void post(String path, String body, @Nullable String trace)
        throws IOException, InterruptedException {
      HttpRequest.Builder request =
          HttpRequest.newBuilder(uri(path))
              .header("Content-Type", "application/json")
              .POST(HttpRequest.BodyPublishers.ofString(body));
      if (trace != null) {
        request.header("traceparent", parent(trace));
      }
      assertThat(http.send(request.build(), text()).statusCode()).isBetween(200, 499);
    }

    private static HttpResponse.BodyHandler<String> text() {
      return HttpResponse.BodyHandlers.ofString();
    }

    private URI uri(String path) {
      // Metrics where scrapers look for them.
      int port = path.equals("/metrics") ? loop.opsPort() : loop.httpPort();
      return URI.create("http://127.0.0.1:" + port + path);
    }

    private static byte[] utf8(String text) {
      return text.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
      producer.close();
    }
  }
}
