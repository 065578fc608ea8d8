package dev.weir.standalone.fuzz;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.Feedback;
import dev.weir.contract.event.Review;
import dev.weir.contract.release.AdapterLedger;
import dev.weir.contract.release.AdapterRecord;
import dev.weir.contract.release.Champion;
import dev.weir.contract.topic.DeadLetter;
import dev.weir.contract.topic.Topics;
import dev.weir.standalone.loop.LocalLoop;
import dev.weir.standalone.loop.TopicReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.InvalidTimestampException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.Utils;
import org.jspecify.annotations.Nullable;

/**
 * A running loop that is fed hostile input, and the questions that are asked of it afterwards.
 *
 * <p>Feeding records and feeding requests may go on at the same time, each on one thread.
 */
final class FuzzedLoop implements AutoCloseable {

  private static final Duration POLL = Duration.ofMillis(200);
  private static final int LISTED = 20;

  private final LocalLoop loop;
  private final Topics topics;
  private final HostileRecords records;
  private final HostileRequests requests;
  private final RawHttp http;
  private final Duration patience;
  private final HttpClient client = HttpClient.newHttpClient();
  private final Map<String, KafkaProducer<byte[], byte[]>> producers = new ConcurrentHashMap<>();

  /** Positions of the records that were sent from here: they are not the loop's own. */
  private final Map<TopicPartition, BitSet> sent = new ConcurrentHashMap<>();

  private final ConcurrentLinkedQueue<String> violations = new ConcurrentLinkedQueue<>();
  private final AtomicLong refused = new AtomicLong();
  private final Map<Integer, Integer> statuses = new TreeMap<>();
  private final List<ConsumerRecord<byte[], byte[]>> rightful = new ArrayList<>();

  /**
   * Over a loop that has started.
   *
   * @param patience how long what was sent may take to be worked off
   */
  FuzzedLoop(LocalLoop loop, long seed, Duration patience) {
    this.loop = loop;
    this.topics = loop.topics();
    this.records = new HostileRecords(seed, topics, loop.base().digest());
    this.requests = new HostileRequests(seed, records);
    this.http = new RawHttp(loop.httpPort(), Duration.ofSeconds(60));
    this.patience = patience;
  }

  /** Labels enough for a first adapter, waits until it serves, and keeps its records. */
  void teach() {
    for (int i = 0; i < 160; i++) {
      boolean good = i % 2 == 0;
      String text = (good ? "a great film, good plot " : "an awful film, bad plot ") + i;
      Feedback feedback =
          Feedback.labeled("taught-" + i, text, good ? "positive" : "negative", "teacher");
      send(topics.feedback(), "taught-" + i, EventJson.write(feedback));
    }
    await("a first adapter that serves").atMost(patience).until(() -> serving() > 0);
    try (TopicReader reader = open(topics.adapters(), true)) {
      await("its release and its champion")
          .atMost(patience)
          .pollInSameThread()
          .until(
              () -> {
                for (ConsumerRecord<byte[], byte[]> each : reader.poll(POLL)) {
                  AdapterRecord.read(each.key(), each.value())
                      .ifPresent(known -> keep(each, known));
                }
                return rightful.stream().anyMatch(each -> isChampion(each));
              });
    }
  }

  private void keep(ConsumerRecord<byte[], byte[]> each, AdapterRecord known) {
    boolean ours =
        known instanceof AdapterRecord.Released released
            ? released.release().digest() != null
            : known instanceof AdapterRecord.Crowned;
    if (ours && rightful.stream().noneMatch(FuzzedLoop::isChampion)) {
      rightful.add(each);
    }
  }

  private static boolean isChampion(ConsumerRecord<byte[], byte[]> each) {
    return new String(each.key(), UTF_8).equals(HostileRecords.RIGHTFUL);
  }

  /** Takes records dated at any time on every topic that is fed, as operators may have it. */
  void allowAnyTime() throws ExecutionException, InterruptedException {
    String any = Long.toString(Long.MAX_VALUE);
    Map<ConfigResource, Collection<AlterConfigOp>> changes = new HashMap<>();
    for (String topic : records.topics()) {
      changes.put(
          new ConfigResource(ConfigResource.Type.TOPIC, topic),
          List.of(
              set("message.timestamp.after.max.ms", any),
              set("message.timestamp.before.max.ms", any)));
    }
    try (Admin admin = Admin.create(loop.kafka())) {
      admin.incrementalAlterConfigs(changes).all().get();
    }
  }

  private static AlterConfigOp set(String name, String value) {
    return new AlterConfigOp(new ConfigEntry(name, value), AlterConfigOp.OpType.SET);
  }

  /** Sends these records. */
  void feed(long from, long to) {
    for (long i = from; i < to; i++) {
      HostileRecord each = records.at(i);
      long index = i;
      send(
          new ProducerRecord<>(
              each.topic(), null, each.timestamp(), each.key(), each.value(), each.headers()),
          each.compression(),
          exception -> {
            if (exception instanceof InvalidTimestampException
                || exception instanceof RecordTooLargeException) {
              refused.incrementAndGet();
            } else {
              violations.add("record " + index + " could not be sent: " + exception);
            }
          });
    }
    producers.values().forEach(KafkaProducer::flush);
  }

  /** Sends these requests, one after the other. */
  void request(long from, long to) {
    for (long i = from; i < to; i++) {
      HostileRequests.Request each = requests.at(i);
      RawHttp.Answer answer = http.send(each.bytes());
      statuses.merge(answer.status(), 1, Integer::sum);
      boolean right = (answer.status() >= 200 && answer.status() < 500) || answer.status() == 503;
      if (!right) {
        violations.add(
            "request %d, %s, %s: %s"
                .formatted(i, each.operation(), cut(each.line()), cut(answer.head())));
      }
    }
  }

  /** What was answered wrongly or could not be sent, as many as one wants to read. */
  List<String> violations() {
    return violations.stream().limit(LISTED).toList();
  }

  /** How often each status was answered, and how many records the broker itself refused. */
  String counts() {
    return "answers by status " + statuses + ", refused by the broker " + refused;
  }

  /**
   * Writes the first adapter's release and champion again, and takes back plans: what fuzzed
   * records have rightfully changed is as it was.
   */
  void restoreRightful() {
    for (ConsumerRecord<byte[], byte[]> each : rightful) {
      send(new ProducerRecord<>(topics.adapters(), each.key(), each.value()), "none", this::fault);
    }
    byte[] plan = (HostileRecords.RIGHTFUL + AdapterRecord.PLAN).getBytes(UTF_8);
    send(new ProducerRecord<>(topics.adapters(), plan, null), "none", this::fault);
    producers.values().forEach(KafkaProducer::flush);
    awaitChampion();
  }

  /**
   * The champion that the topic named last serves: the one that was written again, or one that the
   * trainer has promoted since, for it works off the batches that fuzzed labels have filled.
   */
  private void awaitChampion() {
    AdapterLedger ledger = AdapterLedger.unbounded();
    try (TopicReader adapters = open(topics.adapters(), true)) {
      await("the champion that the topic names serves")
          .atMost(patience)
          .pollInterval(POLL)
          .until(
              () -> {
                List<ConsumerRecord<byte[], byte[]>> read = adapters.poll(POLL);
                read.forEach(each -> fold(ledger, each));
                Champion champion = ledger.champion(HostileRecords.RIGHTFUL);
                return read.isEmpty() && champion != null && serving() == champion.version();
              });
    }
  }

  private static void fold(AdapterLedger ledger, ConsumerRecord<byte[], byte[]> record) {
    if (record.value() != null) {
      AdapterRecord.read(record.key(), record.value())
          .ifPresent(read -> ledger.put(read, record.value().length));
      return;
    }
    try {
      ledger.remove(record.key());
    } catch (IllegalArgumentException e) {
      // A tombstone of no record: the readers skip it as well.
    }
  }

  /**
   * On each partition a fresh review is answered with a label, a fresh label becomes an example,
   * and so does a verdict on the answer: everything before them has been worked off.
   */
  void awaitFreshOnEachPartition(String round) {
    int partitions = partitions(topics.reviews());
    try (TopicReader answers = open(topics.classifications(), false);
        TopicReader examples = open(topics.examples(), false)) {
      Map<Integer, String> ids = new TreeMap<>();
      for (int i = 0; ids.size() < partitions; i++) {
        String id = "fresh-" + round + "-" + i;
        ids.putIfAbsent(Utils.toPositive(Utils.murmur2(id.getBytes(UTF_8))) % partitions, id);
      }
      Set<String> unanswered = new HashSet<>(ids.values());
      for (String id : ids.values()) {
        send(topics.reviews(), id, EventJson.write(Review.of(id, "a great film, " + id)));
      }
      awaitAll(
          "fresh reviews are answered",
          answers,
          unanswered,
          answer -> answer.hasNonNull("label") ? answer.path("reviewId").asText() : null);

      Set<String> unlearned = new HashSet<>();
      for (String id : ids.values()) {
        unlearned.add(id);
        Feedback verdict =
            new Feedback(null, id, null, null, Feedback.Verdict.AGREE, null, null, "teacher", null);
        send(topics.feedback(), id, EventJson.write(verdict));
        String own = id + "-own";
        unlearned.add(own);
        Feedback labeled = Feedback.labeled(own, "an awful film, " + own, "negative", "teacher");
        send(
            new ProducerRecord<>(
                topics.feedback(),
                Utils.toPositive(Utils.murmur2(id.getBytes(UTF_8))) % partitions,
                own.getBytes(UTF_8),
                EventJson.write(labeled)),
            "none",
            this::fault);
      }
      awaitAll(
          "fresh labels become examples",
          examples,
          unlearned,
          example -> example.path("reviewId").asText());
    }
  }

  private void awaitAll(
      String what,
      TopicReader reader,
      Set<String> wanted,
      Function<JsonNode, @Nullable String> id) {
    await(what)
        .atMost(patience)
        .pollInSameThread()
        .conditionEvaluationListener(
            condition -> {
              // Awaitility's own message does not say what is missing.
              if (condition.getRemainingTimeInMS() <= 0) {
                System.err.println(what + ", still missing: " + wanted);
              }
            })
        .until(
            () -> {
              for (ConsumerRecord<byte[], byte[]> each : reader.poll(POLL)) {
                if (each.value() != null && !isSent(each)) {
                  JsonNode event = EventJson.read(each.value(), JsonNode.class);
                  String found = id.apply(event);
                  if (found != null) {
                    wanted.remove(found);
                  }
                }
              }
              return wanted.isEmpty();
            });
  }

  /** Every record of the topic of reviews has one answer or one dead letter, and not both. */
  List<String> unaccountedReviews() {
    Map<TopicPartition, BitSet> seen = new HashMap<>();
    List<String> wrong = new ArrayList<>();
    readAll(
        topics.classifications(),
        each -> {
          JsonNode input = EventJson.read(each.value(), JsonNode.class).path("input");
          if (input.isObject()) { // Answers over HTTP have no position, and are not written.
            once(
                seen,
                wrong,
                input.path("topic").asText(),
                input.path("partition").asInt(),
                input.path("offset").asInt());
          }
        });
    letters(topics.reviews(), seen, wrong);
    ends(topics.reviews())
        .forEach(
            (partition, end) -> {
              BitSet missing = new BitSet();
              missing.set(0, end.intValue());
              missing.andNot(seen.getOrDefault(partition, new BitSet()));
              if (!missing.isEmpty()) {
                wrong.add(
                    partition
                        + ": "
                        + missing.cardinality()
                        + " records without an answer, first "
                        + missing.nextSetBit(0));
              }
            });
    return wrong;
  }

  /** A feedback record costs at most one dead letter. */
  List<String> repeatedFeedbackLetters() {
    List<String> wrong = new ArrayList<>();
    letters(topics.feedback(), new HashMap<>(), wrong);
    return wrong;
  }

  /** The number of dead letters for each reason. */
  Map<String, Integer> letterReasons() {
    Map<String, Integer> reasons = new TreeMap<>();
    for (String topic : List.of(topics.reviews(), topics.feedback())) {
      readAll(
          topics.deadLetters(topic),
          each ->
              reasons.merge(
                  topic + " " + DeadLetter.header(each.headers(), DeadLetter.REASON),
                  1,
                  Integer::sum));
    }
    return reasons;
  }

  private void letters(String topic, Map<TopicPartition, BitSet> seen, List<String> wrong) {
    readAll(
        topics.deadLetters(topic),
        each -> {
          String source = DeadLetter.header(each.headers(), DeadLetter.SOURCE);
          if (source == null) {
            wrong.add(each.topic() + " has a dead letter without its position");
            return;
          }
          int at = source.lastIndexOf('@');
          int dash = source.lastIndexOf('-', at);
          once(
              seen,
              wrong,
              source.substring(0, dash),
              Integer.parseInt(source.substring(dash + 1, at)),
              Integer.parseInt(source.substring(at + 1)));
        });
  }

  private static void once(
      Map<TopicPartition, BitSet> seen, List<String> wrong, String topic, int partition, int at) {
    BitSet partitionSeen =
        seen.computeIfAbsent(new TopicPartition(topic, partition), key -> new BitSet());
    if (partitionSeen.get(at) && wrong.size() < LISTED) {
      wrong.add(topic + "-" + partition + "@" + at + " has two outcomes");
    }
    partitionSeen.set(at);
  }

  /** Reads what is on a topic now; the fuzzed records themselves are left out. */
  private void readAll(String topic, Consumer<ConsumerRecord<byte[], byte[]>> reader) {
    Map<String, Object> properties = new HashMap<>(loop.kafka());
    properties.put("isolation.level", "read_committed");
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> all =
          consumer.partitionsFor(topic).stream()
              .map(each -> new TopicPartition(topic, each.partition()))
              .toList();
      consumer.assign(all);
      consumer.seekToBeginning(all);
      Map<TopicPartition, Long> ends = consumer.endOffsets(all);
      // Not until nothing comes: on a busy machine that is long before the end.
      await("the end of " + topic)
          .atMost(patience)
          .pollInSameThread()
          .until(
              () -> {
                for (ConsumerRecord<byte[], byte[]> each : consumer.poll(POLL)) {
                  if (!isSent(each)) {
                    reader.accept(each);
                  }
                }
                return ends.entrySet().stream()
                    .allMatch(each -> consumer.position(each.getKey()) >= each.getValue());
              });
    }
  }

  private Map<TopicPartition, Long> ends(String topic) {
    try (Admin admin = Admin.create(loop.kafka())) {
      Map<TopicPartition, OffsetSpec> latest = new HashMap<>();
      for (int i = 0; i < partitions(topic); i++) {
        latest.put(new TopicPartition(topic, i), OffsetSpec.latest());
      }
      Map<TopicPartition, Long> ends = new HashMap<>();
      admin
          .listOffsets(latest)
          .all()
          .get()
          .forEach((partition, info) -> ends.put(partition, info.offset()));
      return ends;
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private boolean isSent(ConsumerRecord<byte[], byte[]> record) {
    BitSet own = sent.get(new TopicPartition(record.topic(), record.partition()));
    if (own == null) {
      return false;
    }
    synchronized (own) {
      return own.get((int) record.offset());
    }
  }

  private int partitions(String topic) {
    return producer("none").partitionsFor(topic).size();
  }

  /** The version of the rightful adapter that answers; 0 when none does. */
  int serving() {
    return EventJson.read(
            get("/v1/adapters/" + HostileRecords.RIGHTFUL).body().getBytes(UTF_8), JsonNode.class)
        .at("/serving/version")
        .asInt();
  }

  /** A GET that a well-behaved client sends. */
  HttpResponse<String> get(String path) {
    try {
      return client.send(
          HttpRequest.newBuilder(URI.create(loop.httpUrl() + path))
              .timeout(Duration.ofMinutes(1))
              .build(),
          HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private TopicReader open(String topic, boolean fromBeginning) {
    return TopicReader.open(loop.kafka(), List.of(topic), fromBeginning);
  }

  private void send(String topic, String key, byte[] value) {
    send(new ProducerRecord<>(topic, key.getBytes(UTF_8), value), "none", this::fault);
  }

  private void fault(Exception exception) {
    violations.add("a valid record could not be sent: " + exception);
  }

  private void send(
      ProducerRecord<byte[], byte[]> record, String compression, Consumer<Exception> failed) {
    var unused =
        producer(compression)
            .send(
                record,
                (metadata, exception) -> {
                  if (exception != null) {
                    failed.accept(exception);
                  } else {
                    BitSet positions =
                        sent.computeIfAbsent(
                            new TopicPartition(metadata.topic(), metadata.partition()),
                            key -> new BitSet());
                    synchronized (positions) {
                      positions.set((int) metadata.offset());
                    }
                  }
                });
  }

  private KafkaProducer<byte[], byte[]> producer(String compression) {
    return producers.computeIfAbsent(
        compression,
        type -> {
          Map<String, Object> properties = new HashMap<>(loop.kafka());
          properties.put("compression.type", type);
          properties.put("linger.ms", "5");
          properties.put("max.request.size", Integer.toString(32 << 20));
          properties.put("batch.size", Integer.toString(64 << 10));
          return new KafkaProducer<>(
              properties, new ByteArraySerializer(), new ByteArraySerializer());
        });
  }

  private static String cut(String text) {
    String line = text.lines().findFirst().orElse("");
    return line.length() <= 200 ? line : line.substring(0, 200) + "…";
  }

  @Override
  public void close() {
    producers.values().forEach(each -> each.close(Duration.ofSeconds(10)));
  }
}
