package dev.weir.inference.stream;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;

import dev.weir.contract.event.AdapterCatalog;
import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.Review;
import dev.weir.contract.topic.DeadLetter;
import dev.weir.contract.topic.Topics;
import dev.weir.inference.release.ServingPlans;
import dev.weir.inference.score.Classifier;
import dev.weir.inference.score.TestingTokenizer;
import dev.weir.inference.slot.AdapterRegistry;
import dev.weir.inference.slot.TestingAdapters;
import dev.weir.inference.slot.TestingSlotTable;
import dev.weir.service.process.TopicProvisioner;
import dev.weir.service.trace.Tracing;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.MemberDescription;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Review streams on a real broker over a slot table without a model, and what a test asks of their
 * topics. {@link #close} closes the streams and their scorers.
 */
final class TestingStreams implements AutoCloseable {

  static final Duration SOON = Duration.ofMinutes(3);
  static final int PARTITIONS = 4;
  static final int POLL_RECORDS = 16;

  /** Scorers of one process; {@link #opener} lets a test hold them back. */
  record Scorers(TestingSlotTable.Opener opener, AdapterRegistry registry, Classifier classifier) {}

  private final String bootstrapServers;
  private final Topics topics;
  private final Map<String, Object> overrides;
  private final MeterRegistry meters = new SimpleMeterRegistry();
  private final Deque<Runnable> open = new ArrayDeque<>();

  /**
   * A harness; {@link #provision} creates its topics.
   *
   * @param overrides client properties, as a user would set them
   */
  TestingStreams(String bootstrapServers, String prefix, Map<String, Object> overrides) {
    this.bootstrapServers = bootstrapServers;
    this.topics = new Topics(prefix);
    this.overrides = overrides;
  }

  void provision() {
    try (Admin admin = admin()) {
      new TopicProvisioner(admin, SOON).ensure(topics.all(PARTITIONS, (short) 1));
    }
  }

  Topics topics() {
    return topics;
  }

  MeterRegistry meters() {
    return meters;
  }

  StreamConfig config(String instance, Delivery delivery, int streams) {
    Map<String, Object> kafka = new HashMap<>(overrides);
    kafka.put("bootstrap.servers", bootstrapServers);
    return new StreamConfig(
        kafka, topics, instance, delivery, streams, POLL_RECORDS, 0, "base-digest");
  }

  StreamConfig exactlyOnce(String instance) {
    return config(instance, Delivery.EXACTLY_ONCE, 1);
  }

  /** Scorers with room for hardly more than one poll. */
  Scorers scorers() {
    return scorers(text -> {});
  }

  /** The same, with something that happens before a text is tokenised. */
  Scorers scorers(Consumer<String> tokenising) {
    TestingTokenizer tokenizer = new TestingTokenizer();
    TestingSlotTable.Opener opener = new TestingSlotTable.Opener();
    AdapterRegistry registry = TestingAdapters.registry(opener, 4);
    TestingAdapters.serve(registry, "default", 1);
    Classifier classifier =
        new Classifier(
            registry,
            new ServingPlans(),
            (text, limit) -> {
              tokenising.accept(text);
              return tokenizer.encode(text, limit);
            },
            AdapterCatalog.SENTIMENT,
            new Classifier.Batching(2, 64, POLL_RECORDS + 4),
            meters);
    classifier.start();
    open.push(registry::close);
    open.push(classifier::close);
    return new Scorers(opener, registry, classifier);
  }

  ReviewStream start(StreamConfig config, Scorers scorers) {
    return start(config, scorers, new StreamClients(config, 0));
  }

  ReviewStream start(StreamConfig config, Scorers scorers, StreamClients clients) {
    return start(
        new ReviewStream(
            config,
            0,
            scorers.classifier(),
            timeout -> true,
            new StreamMeters(meters),
            Tracing.off(),
            Clock.systemUTC(),
            clients));
  }

  /** A stream that is down as soon as a review has waited for a tenth of a second. */
  ReviewStream startImpatient(StreamConfig config, Scorers scorers) {
    return start(
        new ReviewStream(
            config,
            0,
            scorers.classifier(),
            timeout -> true,
            new StreamMeters(meters),
            Tracing.off(),
            Clock.systemUTC(),
            new StreamClients(config, 0),
            Duration.ofMillis(100)));
  }

  private ReviewStream start(ReviewStream stream) {
    open.push(stream::close);
    stream.start();
    return stream;
  }

  ReviewStreams startAll(StreamConfig config, Scorers scorers) {
    ReviewStreams streams =
        new ReviewStreams(
            config,
            scorers.classifier(),
            timeout -> true,
            meters,
            Tracing.off(),
            Clock.systemUTC());
    open.push(streams::close);
    streams.start();
    return streams;
  }

  /** Produces the reviews {@code r<from>} to {@code r<to - 1>}, evenly over the partitions. */
  void produce(int from, int to) throws Exception {
    List<Future<RecordMetadata>> sent = new ArrayList<>();
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", bootstrapServers),
            new ByteArraySerializer(),
            new ByteArraySerializer())) {
      for (int i = from; i < to; i++) {
        byte[] value = EventJson.write(Review.of("r" + i, i % 100 + " fine"));
        byte[] key = ("r" + i).getBytes(UTF_8);
        sent.add(producer.send(new ProducerRecord<>(topics.reviews(), i % PARTITIONS, key, value)));
      }
    }
    for (Future<RecordMetadata> each : sent) {
      each.get();
    }
  }

  /** Produces one review. */
  void produceText(String id, String text) throws Exception {
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(
            Map.of(
                "bootstrap.servers",
                bootstrapServers,
                "compression.type",
                "gzip",
                "max.request.size",
                8 << 20),
            new ByteArraySerializer(),
            new ByteArraySerializer())) {
      byte[] value = EventJson.write(Review.of(id, text));
      producer.send(new ProducerRecord<>(topics.reviews(), 0, id.getBytes(UTF_8), value)).get();
    }
  }

  /** Produces a review that is small on the topic and large when it is read. */
  void produceLarge(String id, int characters) throws Exception {
    produceText(id, "x".repeat(characters));
  }

  /** The reasons of the committed dead letters. */
  List<String> deadLetters() {
    List<String> reasons = new ArrayList<>();
    each(
        topics.deadLetters(topics.reviews()),
        "read_committed",
        letter -> reasons.add(DeadLetter.header(letter.headers(), DeadLetter.REASON)));
    return reasons;
  }

  /** Waits until the group has committed every review. */
  void awaitAllCommitted() {
    try (Admin admin = admin()) {
      await("all reviews committed")
          .atMost(SOON)
          .ignoreExceptionsInstanceOf(ExecutionException.class)
          .until(() -> committed(admin) == reviews(admin));
    }
  }

  /** Waits until the group has committed so many reviews. */
  void awaitCommitted(long atLeast) {
    try (Admin admin = admin()) {
      await(atLeast + " reviews committed")
          .atMost(SOON)
          .ignoreExceptionsInstanceOf(ExecutionException.class)
          .until(() -> committed(admin) >= atLeast);
    }
  }

  private long committed(Admin admin) throws Exception {
    String group = exactlyOnce("any").group();
    return admin
        .listConsumerGroupOffsets(group)
        .partitionsToOffsetAndMetadata()
        .get()
        .values()
        .stream()
        .mapToLong(offset -> offset == null ? 0 : offset.offset())
        .sum();
  }

  private long reviews(Admin admin) throws Exception {
    Map<TopicPartition, OffsetSpec> latest = new HashMap<>();
    partitions(topics.reviews()).forEach(each -> latest.put(each, OffsetSpec.latest()));
    return admin.listOffsets(latest).all().get().values().stream()
        .mapToLong(each -> each.offset())
        .sum();
  }

  /** Member ids of the group, sorted. */
  Set<String> members(Admin admin) throws Exception {
    String group = exactlyOnce("any").group();
    return admin.describeConsumerGroups(List.of(group)).all().get().get(group).members().stream()
        .map(MemberDescription::consumerId)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  Admin admin() {
    return Admin.create(Map.of("bootstrap.servers", bootstrapServers));
  }

  /** How many committed answers each review id has. */
  Map<String, Integer> answers() {
    return answers("read_committed");
  }

  Map<String, Integer> answers(String isolation) {
    Map<String, Integer> answers = new TreeMap<>();
    each(
        topics.classifications(),
        isolation,
        answer -> answers.merge(new String(answer.key(), UTF_8), 1, Integer::sum));
    return answers;
  }

  private void each(
      String topic, String isolation, Consumer<ConsumerRecord<byte[], byte[]>> visitor) {
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(
            Map.of("bootstrap.servers", bootstrapServers, "isolation.level", isolation),
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer())) {
      List<TopicPartition> partitions = partitions(topic);
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions, SOON);
      await("the end of " + topic)
          .atMost(SOON)
          .until(
              () -> {
                for (ConsumerRecord<byte[], byte[]> each : consumer.poll(Duration.ofMillis(100))) {
                  visitor.accept(each);
                }
                return ends.entrySet().stream()
                    .allMatch(end -> consumer.position(end.getKey()) >= end.getValue());
              });
    }
  }

  static Map<String, Integer> once(int reviews) {
    Map<String, Integer> once = new TreeMap<>();
    for (int i = 0; i < reviews; i++) {
      once.put("r" + i, 1);
    }
    return once;
  }

  private static List<TopicPartition> partitions(String topic) {
    List<TopicPartition> partitions = new ArrayList<>();
    for (int i = 0; i < PARTITIONS; i++) {
      partitions.add(new TopicPartition(topic, i));
    }
    return partitions;
  }

  @Override
  public void close() {
    while (!open.isEmpty()) {
      open.pop().run();
    }
    meters.close();
  }
}
