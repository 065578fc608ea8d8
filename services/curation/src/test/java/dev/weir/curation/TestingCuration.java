package dev.weir.curation;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.weir.contract.event.Classification;
import dev.weir.contract.event.Classification.Abstention;
import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.Example;
import dev.weir.contract.event.Review;
import dev.weir.contract.event.TrainingBatch;
import dev.weir.contract.topic.DeadLetter;
import dev.weir.contract.topic.EventSerde;
import dev.weir.contract.topic.Topics;
import dev.weir.curation.batch.BatchNumbers;
import dev.weir.curation.deadletter.KnownFaults;
import dev.weir.curation.resolve.ReviewResolver;
import dev.weir.service.config.Setting;
import dev.weir.service.config.Settings;
import dev.weir.service.process.CommonSettings;
import dev.weir.service.trace.Tracing;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Stream;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.test.TestRecord;

/** The curation topology under a driver: one partition per topic, and a clock that tests move. */
final class TestingCuration implements AutoCloseable {

  static final Instant START = Instant.parse("2026-03-01T12:00:00Z");

  final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  final KnownFaults known = new KnownFaults();
  final TopologyTestDriver driver;
  private final Path stateDir;
  private final TestInputTopic<byte[], byte[]> feedback;
  private final TestInputTopic<byte[], byte[]> reviews;
  private final TestInputTopic<byte[], byte[]> classifications;
  private final TestOutputTopic<String, Example> examples;
  private final TestOutputTopic<String, TrainingBatch> batches;
  private final TestOutputTopic<byte[], byte[]> deadLetters;
  private final List<TestRecord<String, Example>> seenExamples = new ArrayList<>();
  private final List<TestRecord<String, TrainingBatch>> seenBatches = new ArrayList<>();
  private final List<TestRecord<byte[], byte[]>> seenDeadLetters = new ArrayList<>();
  private final List<TestRecord<byte[], byte[]>> seenDeadReviews = new ArrayList<>();
  private Instant now = START;

  /** Settings as pairs: name without {@code WEIR_}, value. */
  static TestingCuration with(String... settings) {
    try {
      return new TestingCuration(
          Files.createTempDirectory("weir-curation"), adapter -> 0, Map.of(), settings);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The same with properties of Kafka Streams, and batches that others numbered before. */
  static TestingCuration with(
      Map<String, Object> properties, BatchNumbers numbers, String... settings) {
    try {
      return new TestingCuration(
          Files.createTempDirectory("weir-curation"), numbers, properties, settings);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private TestingCuration(
      Path stateDir, BatchNumbers numbers, Map<String, Object> extra, String... settings) {
    this.stateDir = stateDir;
    CurationConfig config = config(stateDir, settings);
    RecordFaults faults = new RecordFaults(config.topics(), registry, () -> now, known);
    Properties properties = StreamsProperties.of(config, faults, () -> now);
    properties.putAll(extra);
    driver =
        new TopologyTestDriver(
            CurationTopology.build(config, registry, Tracing.off(), known, numbers, properties),
            properties,
            START);
    Topics topics = config.topics();
    feedback = input(topics.feedback());
    reviews = input(topics.reviews());
    classifications = input(topics.classifications());
    examples =
        driver.createOutputTopic(
            topics.examples(),
            new StringDeserializer(),
            new EventSerde<>(Example.class).deserializer());
    batches =
        driver.createOutputTopic(
            topics.trainingBatches(),
            new StringDeserializer(),
            new EventSerde<>(TrainingBatch.class).deserializer());
    deadLetters =
        driver.createOutputTopic(
            topics.deadLetters(topics.feedback()),
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer());
  }

  /** The topology of a configuration, for looking at. */
  static Topology topology(CurationConfig config) {
    SimpleMeterRegistry registry = new SimpleMeterRegistry();
    KnownFaults known = new KnownFaults();
    RecordFaults faults =
        new RecordFaults(config.topics(), registry, InstantSource.system(), known);
    return CurationTopology.build(
        config,
        registry,
        Tracing.off(),
        known,
        adapter -> 0,
        StreamsProperties.of(config, faults, InstantSource.system()));
  }

  static CurationConfig config(Path stateDir, String... settings) {
    Map<String, String> environment = new HashMap<>();
    environment.put("WEIR_CURATION_STATE_DIR", stateDir.toString());
    // Small batches are what most tests are about.
    environment.put("WEIR_CURATION_FIRST_TRAIN", "0");
    environment.put("WEIR_CURATION_FIRST_HOLDOUT", "0");
    for (int i = 0; i < settings.length; i += 2) {
      environment.put("WEIR_" + settings[i], settings[i + 1]);
    }
    List<Setting<?>> declared = new ArrayList<>(CommonSettings.all());
    declared.addAll(CurationConfig.settings());
    return CurationConfig.from(Settings.read(declared, environment));
  }

  void feedback(String json) {
    feedback(null, json.getBytes(UTF_8));
  }

  void feedback(byte[] key, byte[] value) {
    feedback.pipeInput(new TestRecord<>(key, value, now));
  }

  /** Labeled feedback whose record has this time. */
  void labeledAt(String text, String label, long timestampMs) {
    byte[] value =
        EventJson.write(
            EventJson.mapper().createObjectNode().put("text", text).put("label", label));
    feedback.pipeInput(new TestRecord<>(null, value, new RecordHeaders(), timestampMs));
  }

  /** Feedback whose record has this time. */
  void feedbackAt(String json, long timestampMs) {
    feedback.pipeInput(
        new TestRecord<>(null, json.getBytes(UTF_8), new RecordHeaders(), timestampMs));
  }

  /** What the records' times are held against jumps; the driver's own clock only goes forward. */
  void clockJumps(Duration by) {
    now = now.plus(by);
  }

  void feedback(byte[] key, byte[] value, RecordHeaders headers) {
    feedback.pipeInput(new TestRecord<>(key, value, headers, now));
  }

  /** Labeled feedback with its own text, given now. */
  void labeled(String text, String label) {
    feedback(
        EventJson.mapper().createObjectNode().put("text", text).put("label", label).toString());
  }

  void review(String id, String text) {
    review(id, text, "default");
  }

  void review(String id, String text, String adapter) {
    Review review = new Review(id, text, adapter, null, Map.of());
    reviews.pipeInput(new TestRecord<>(id.getBytes(UTF_8), EventJson.write(review), now));
  }

  void rawReview(byte[] key, byte[] value) {
    reviews.pipeInput(new TestRecord<>(key, value, now));
  }

  void rawClassification(byte[] key, byte[] value) {
    classifications.pipeInput(new TestRecord<>(key, value, now));
  }

  void served(String reviewId, String adapter, int version, String label) {
    answer(
        new Classification(
            reviewId,
            adapter,
            version,
            "aa",
            "bb",
            label,
            Map.of(label, 0.9),
            false,
            null,
            null,
            1.5,
            now));
  }

  void abstained(String reviewId, String adapter) {
    Abstention reason = new Abstention("no-adapter", "none is released yet");
    answer(
        new Classification(
            reviewId, adapter, null, null, "bb", null, Map.of(), true, reason, null, 1.5, now));
  }

  private void answer(Classification answer) {
    classifications.pipeInput(
        new TestRecord<>(answer.reviewId().getBytes(UTF_8), EventJson.write(answer), now));
  }

  void advance(Duration time) {
    now = now.plus(time);
    driver.advanceWallClockTime(time);
  }

  Instant now() {
    return now;
  }

  /** All examples so far, in order. */
  List<Example> examples() {
    seenExamples.addAll(examples.readRecordsToList());
    return seenExamples.stream().map(TestRecord::value).toList();
  }

  List<TestRecord<String, Example>> exampleRecords() {
    examples();
    return seenExamples;
  }

  /** All closed batches so far, in order. */
  List<TrainingBatch> batches() {
    seenBatches.addAll(batches.readRecordsToList());
    return seenBatches.stream().map(TestRecord::value).toList();
  }

  List<TestRecord<String, TrainingBatch>> batchRecords() {
    batches();
    return seenBatches;
  }

  /** All dead letters so far, in order. */
  List<TestRecord<byte[], byte[]>> deadLetters() {
    seenDeadLetters.addAll(deadLetters.readRecordsToList());
    return seenDeadLetters;
  }

  /** All dead letters of reviews since the last call. */
  List<TestRecord<byte[], byte[]>> deadReviews() {
    seenDeadReviews.addAll(
        driver
            .createOutputTopic(
                "reviews.dlq", new ByteArrayDeserializer(), new ByteArrayDeserializer())
            .readRecordsToList());
    return seenDeadReviews;
  }

  static String header(TestRecord<byte[], byte[]> deadLetter, String name) {
    return DeadLetter.header(deadLetter.headers(), name);
  }

  /** How much feedback waits. */
  int waiting() {
    return entries(driver.getKeyValueStore(ReviewResolver.DEADLINES));
  }

  /** How many reviews are kept. */
  int kept() {
    return entries(driver.getTimestampedKeyValueStore(ReviewResolver.REVIEWS));
  }

  private static int entries(KeyValueStore<Object, ?> store) {
    int count = 0;
    try (KeyValueIterator<Object, ?> all = store.all()) {
      while (all.hasNext()) {
        all.next();
        count++;
      }
    }
    return count;
  }

  double count(String meter, String... tags) {
    return registry.find(meter).tags(tags).counters().stream().mapToDouble(Counter::count).sum();
  }

  private TestInputTopic<byte[], byte[]> input(String topic) {
    return driver.createInputTopic(topic, new ByteArraySerializer(), new ByteArraySerializer());
  }

  @Override
  public void close() {
    driver.close();
    try (Stream<Path> entries = Files.walk(stateDir)) {
      for (Path entry : entries.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(entry);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
