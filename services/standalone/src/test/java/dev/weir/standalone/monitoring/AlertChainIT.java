package dev.weir.standalone.monitoring;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.Feedback;
import dev.weir.contract.event.Review;
import dev.weir.service.process.ServiceProcess;
import dev.weir.standalone.loop.LocalLoop;
import dev.weir.testing.TestingBaseModel;
import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The whole way of an alert: a running loop, faults that are caused for real, a real Prometheus
 * with a copy of the rules that waits for seconds instead of minutes, a real Alertmanager, and a
 * receiver that is told. Run by {@code make test-monitoring}.
 *
 * <p>Nothing from outside makes Weir lose a slot: that is a defect by definition. So this test
 * takes one from the running engine and never gives it back, as such a defect would.
 */
@Tag("monitoring")
class AlertChainIT {

  private static final Duration PATIENCE = Duration.ofMinutes(4);
  private static final int BATCH = 32;
  private static final int MORE_THAN_ARE_READ_AHEAD = 20_000;

  @TempDir Path directory;

  private final HttpClient http = HttpClient.newHttpClient();
  private int port;

  /** A stream thread that dies of a deleted topic, and is replaced, is one of the faults. */
  @BeforeAll
  static void leaveThreadsOfTheLoopToTheLoop() {
    Awaitility.doNotCatchUncaughtExceptionsByDefault();
  }

  @AfterAll
  static void asItWas() {
    Awaitility.reset();
  }

  @Test
  void eachFaultIsToldToTheReceiverAndItsEndToo() throws Exception {
    port = TestingPrometheus.freePort();
    Map<String, String> settings =
        Map.of(
            "WEIR_HTTP_PORT",
            Integer.toString(port),
            "WEIR_BASE_MODEL",
            TestingBaseModel.write(directory.resolve("base"), 1).toString(),
            "WEIR_TRAIN_METHODS",
            "head-refresh",
            "WEIR_TRAIN_MIN_HOLDOUT",
            "5",
            "WEIR_CURATION_HOLDOUT_SHARE",
            "0.4",
            "WEIR_CURATION_BATCH_SIZE",
            Integer.toString(BATCH));
    Path data = directory.resolve("data");
    try (TestingAlertmanager alertmanager =
        TestingAlertmanager.start(directory.resolve("alertmanager"))) {
      try (LocalLoop loop = new LocalLoop(data, 0, settings)) {
        loop.start();
        try (TestingPrometheus prometheus = prometheus("prometheus", alertmanager);
            KafkaProducer<byte[], byte[]> producer =
                new KafkaProducer<>(
                    loop.kafka(), new ByteArraySerializer(), new ByteArraySerializer())) {
          assertThat(prometheus.rules()).isNotEmpty();
          healthy(loop, producer, alertmanager);
          deadLetters(loop, producer, alertmanager);
          batchThatIsNeverDecided(loop, producer, alertmanager, data.resolve("adapters"));
          slotThatIsLost(loop, alertmanager);
          partitionThatStandsStill(loop, producer, alertmanager);
        }
      }
      spoil(data);
      try (LocalLoop loop = new LocalLoop(data, 0, settings)) {
        loop.start();
        try (TestingPrometheus prometheus = prometheus("prometheus-2", alertmanager)) {
          assertThat(prometheus.rules()).isNotEmpty();
          awaitTold(alertmanager, "WeirAdapterLoadFailing", true);
        }
      }
      assertThat(alertmanager.received())
          .extracting(TestingAlertmanager.Notified::summary)
          .anyMatch(summary -> summary.contains("adapter versions cannot be loaded"));
    }
  }

  /** A first batch is learned from, and none of the faults that are to come is told of. */
  private void healthy(
      LocalLoop loop, KafkaProducer<byte[], byte[]> producer, TestingAlertmanager alertmanager)
      throws Exception {
    teach(loop, producer, 0, BATCH);
    awaitMetric("weir_inference_adapter_version", 1);
    // Longer than the copy of the rules lets a batch wait.
    double until = uptime() + 40;
    Awaitility.await("a while without faults")
        .atMost(PATIENCE)
        .pollInterval(Duration.ofSeconds(1))
        .until(() -> uptime() > until);
    assertThat(alertmanager.received())
        .extracting(TestingAlertmanager.Notified::alert)
        .doesNotContain(
            "WeirReviewDeadLetters",
            "WeirFeedbackDeadLetters",
            "WeirTrainingFailing",
            "WeirBatchesNotDecided",
            "WeirPartitionStandsStill",
            "WeirConsumerLagStandsStill",
            "WeirAdapterLoadFailing",
            "WeirInternalErrors",
            "WeirInferenceDefect",
            "WeirSlotsLost");
  }

  private static void deadLetters(
      LocalLoop loop, KafkaProducer<byte[], byte[]> producer, TestingAlertmanager alertmanager)
      throws Exception {
    for (int i = 0; i < 30; i++) {
      send(producer, loop.topics().reviews(), "bad", "{no review".getBytes(StandardCharsets.UTF_8));
      send(producer, loop.topics().feedback(), "bad", "{no label".getBytes(StandardCharsets.UTF_8));
    }
    awaitTold(alertmanager, "WeirReviewDeadLetters", true);
    awaitTold(alertmanager, "WeirFeedbackDeadLetters", true);
  }

  /** The store is a file where a directory should be: the trainer tries on for ever. */
  private void batchThatIsNeverDecided(
      LocalLoop loop,
      KafkaProducer<byte[], byte[]> producer,
      TestingAlertmanager alertmanager,
      Path store)
      throws Exception {
    Path aside = store.resolveSibling("store-aside");
    Files.move(store, aside);
    Files.writeString(store, "no directory");
    teach(loop, producer, BATCH, 2 * BATCH);
    awaitTold(alertmanager, "WeirTrainingFailing", true);
    awaitTold(alertmanager, "WeirBatchesNotDecided", true);
    Files.delete(store);
    Files.move(aside, store);
    awaitTold(alertmanager, "WeirBatchesNotDecided", false);
  }

  private static void slotThatIsLost(LocalLoop loop, TestingAlertmanager alertmanager)
      throws ReflectiveOperationException {
    Object registry = field(field(loop, "inference"), "registry");
    Object engine = call(call(registry, "state"), "engine");
    call(engine, "takeSlot");
    awaitTold(alertmanager, "WeirSlotsLost", true);
  }

  private static Object field(Object of, String name) throws ReflectiveOperationException {
    Field field = of.getClass().getDeclaredField(name);
    field.setAccessible(true);
    return field.get(of);
  }

  private static Object call(Object of, String name) throws ReflectiveOperationException {
    Method method = of.getClass().getDeclaredMethod(name);
    method.setAccessible(true);
    return method.invoke(of);
  }

  /**
   * The topic of the answers is gone: reviews are read and nothing can be committed, and what does
   * not fit into memory any more is not read.
   */
  private void partitionThatStandsStill(
      LocalLoop loop, KafkaProducer<byte[], byte[]> producer, TestingAlertmanager alertmanager)
      throws Exception {
    try (Admin admin = Admin.create(loop.kafka())) {
      admin.deleteTopics(List.of(loop.topics().classifications())).all().get();
      List<Future<?>> sent = new ArrayList<>();
      for (int i = 0; i < MORE_THAN_ARE_READ_AHEAD; i++) {
        Review review = Review.of("waits-" + i, text(i));
        byte[] key = review.id().getBytes(StandardCharsets.UTF_8);
        sent.add(
            producer.send(
                new ProducerRecord<>(loop.topics().reviews(), key, EventJson.write(review))));
      }
      for (Future<?> each : sent) {
        each.get();
      }
      awaitTold(alertmanager, "WeirPartitionStandsStill", true);
      awaitTold(alertmanager, "WeirConsumerLagStandsStill", true);
      ServiceProcess.provision(loop.settings());
      awaitTold(alertmanager, "WeirPartitionStandsStill", false);
      awaitTold(alertmanager, "WeirConsumerLagStandsStill", false);
    }
  }

  /** Artifacts are damaged while the loop is away, and the copies are gone. */
  private static void spoil(Path data) throws IOException {
    try (Stream<Path> files = Files.walk(data.resolve("serving-cache"))) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
    try (Stream<Path> files = Files.walk(data.resolve("adapters"))) {
      List<Path> weights =
          files.filter(file -> file.toString().matches(".*\\.(safetensors|onnx)")).toList();
      assertThat(weights).isNotEmpty();
      for (Path file : weights) {
        Files.writeString(file, "damaged");
      }
    }
  }

  private TestingPrometheus prometheus(String name, TestingAlertmanager alertmanager)
      throws IOException {
    return TestingPrometheus.start(
        Files.createDirectories(directory.resolve(name)),
        "127.0.0.1:" + port,
        alertmanager.address(),
        AlertChainIT::impatient);
  }

  /** The same rules with seconds where minutes are waited for. */
  static String impatient(String rules) {
    return rules
        .replaceAll("for: [0-9]+[smhd]", "for: 1s")
        .replace(
            "weir:batches_closed:timestamp offset 30m", "weir:batches_closed:timestamp offset 20s")
        .replace(
            "changes(weir:consumer_lag:instance[10m])", "changes(weir:consumer_lag:instance[15s])")
        .replace(
            "weir_inference_standstill_seconds > 300", "weir_inference_standstill_seconds > 5");
  }

  private static void awaitTold(TestingAlertmanager alertmanager, String alert, boolean firing) {
    Awaitility.await(alert + (firing ? " is told" : " is over"))
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(300))
        .until(() -> alertmanager.toldOf(alert, firing));
  }

  private void awaitMetric(String series, double least) {
    Awaitility.await(series + " >= " + least)
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(300))
        .until(() -> value(series) >= least);
  }

  private double uptime() {
    return value("process_uptime_seconds");
  }

  private double value(String series) {
    try {
      String scrape =
          http.send(
                  HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/metrics"))
                      .timeout(Duration.ofSeconds(30))
                      .build(),
                  HttpResponse.BodyHandlers.ofString())
              .body();
      return scrape
          .lines()
          .filter(line -> line.startsWith(series))
          .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
          .sum();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private static void teach(
      LocalLoop loop, KafkaProducer<byte[], byte[]> producer, int from, int to) throws Exception {
    for (int i = from; i < to; i++) {
      String label = i % 2 == 0 ? "positive" : "negative";
      Feedback feedback = Feedback.labeled("taught-" + i, text(i), label, "test");
      send(producer, loop.topics().feedback(), "taught-" + i, EventJson.write(feedback));
    }
  }

  private static String text(int i) {
    return "the film was " + (i % 2 == 0 ? "good great loved" : "bad awful boring") + " " + i;
  }

  private static void send(
      KafkaProducer<byte[], byte[]> producer, String topic, String key, byte[] value)
      throws ExecutionException, InterruptedException {
    producer.send(new ProducerRecord<>(topic, key.getBytes(StandardCharsets.UTF_8), value)).get();
  }
}
