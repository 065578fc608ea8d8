package dev.weir.standalone.fuzz;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.contract.event.EventJson;
import dev.weir.contract.topic.DeadLetter;
import dev.weir.contract.topic.Topics;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.jspecify.annotations.Nullable;

/**
 * The records of one run: record {@code i} depends on the seed and {@code i} alone (and record
 * times near to now on the clock), so that one that does harm can be made again.
 *
 * <p>Nothing of it is a well-formed release, champion or plan of {@link #RIGHTFUL}'s version 1:
 * whoever may write the topic of adapters may replace those, and what serves would be no fault.
 */
final class HostileRecords {

  /** The adapter that has to serve afterwards. */
  static final String RIGHTFUL = "default";

  /** A topic that is fed, and what a record on it looks like. */
  private record Kind(int weight, String topic, Function<Random, ObjectNode> valid) {}

  private final long seed;
  private final String baseDigest;
  private final Topics topics;
  private final List<Kind> kinds;
  private final int weights;

  HostileRecords(long seed, Topics topics, String baseDigest) {
    this.seed = seed;
    this.topics = topics;
    this.baseDigest = baseDigest;
    this.kinds =
        List.of(
            new Kind(30, topics.reviews(), this::review),
            new Kind(30, topics.feedback(), this::feedback),
            new Kind(10, topics.classifications(), this::classification),
            new Kind(8, topics.adapters(), this::adapterRecord),
            new Kind(8, topics.examples(), this::example),
            new Kind(6, topics.trainingBatches(), this::batch),
            new Kind(2, topics.labelRequests(), this::labelRequest),
            new Kind(2, topics.shadowClassifications(), this::classification),
            new Kind(2, topics.trainingEvents(), this::trainingEvent),
            new Kind(1, topics.deadLetters(topics.reviews()), this::review),
            new Kind(1, topics.deadLetters(topics.feedback()), this::feedback));
    this.weights = kinds.stream().mapToInt(Kind::weight).sum();
  }

  /** The topics that are fed. */
  List<String> topics() {
    return kinds.stream().map(Kind::topic).toList();
  }

  HostileRecord at(long index) {
    // Neighbouring seeds of Random give neighbouring first numbers: the golden ratio scatters them.
    Random random = new Random((seed + index) * 0x9E3779B97F4A7C15L);
    Kind kind = kind(random);
    ObjectNode valid = kind.valid().apply(random);
    byte[] value;
    int form = random.nextInt(100);
    if (form < 12) {
      value = EventJson.write(valid);
    } else if (form < 15) {
      value = null;
    } else {
      value = HostileJson.mutate(random, valid);
    }
    if (form == 99 && isInput(kind.topic()) && random.nextInt(20) == 0) {
      value = large(random, valid);
    }
    return new HostileRecord(
        kind.topic(),
        key(random, kind.topic(), valid),
        value,
        time(random),
        headers(random),
        HostileJson.pick(random, List.of("none", "none", "gzip", "zstd", "lz4")));
  }

  private Kind kind(Random random) {
    int left = random.nextInt(weights);
    for (Kind each : kinds) {
      left -= each.weight();
      if (left < 0) {
        return each;
      }
    }
    throw new IllegalStateException();
  }

  private boolean isInput(String topic) {
    return topic.equals(topics.reviews()) || topic.equals(topics.feedback());
  }

  private boolean isCompacted(String topic) {
    return topic.equals(topics.adapters()) || topic.equals(topics.examples());
  }

  /** Small on the topic when it is compressed, and megabytes for its reader. */
  private static byte[] large(Random random, ObjectNode valid) {
    ObjectNode copy = valid.deepCopy();
    int size = 1 + random.nextInt(3_900_000);
    if (random.nextBoolean()) {
      copy.put("text", HostileJson.pick(random, List.of(" ", "x", "\u0301")).repeat(size / 2));
    } else {
      ArrayNode wide = copy.putArray("attributes");
      for (int i = 0; i < size / 3; i++) {
        wide.add(1);
      }
    }
    return EventJson.write(copy);
  }

  private byte @Nullable [] key(Random random, String topic, ObjectNode valid) {
    return switch (random.nextInt(10)) {
      // A compacted topic refuses a record without a key, and with it the batch that it came in.
      case 0 -> isCompacted(topic) ? new byte[0] : null;
      case 1 -> new byte[0];
      case 2 -> ByteBuffer.allocate(8).putLong(random.nextInt(1000) - 500L).array();
      case 3 -> HostileJson.noise(random, 1 + random.nextInt(40));
      case 4 -> HostileJson.name(random).getBytes(UTF_8);
      default -> rightKey(topic, valid);
    };
  }

  private byte[] rightKey(String topic, ObjectNode valid) {
    String adapter = valid.path("adapter").asText();
    if (topic.equals(topics.adapters())) {
      if (valid.has("state")) {
        return (adapter + "@" + valid.path("version").asText()).getBytes(UTF_8);
      }
      return (valid.has("abstainBelow") ? adapter + "#plan" : adapter).getBytes(UTF_8);
    }
    if (topic.equals(topics.examples())) {
      return (adapter + "/" + valid.path("textHash").asText()).getBytes(UTF_8);
    }
    if (topic.equals(topics.trainingBatches()) || topic.equals(topics.trainingEvents())) {
      return adapter.getBytes(UTF_8);
    }
    String id = valid.path("reviewId").asText(valid.path("id").asText());
    return id.getBytes(UTF_8);
  }

  /**
   * Far away now and then. Each such time begins a new segment of its partition (and a broker has
   * no unlimited number of files), so that it is rare.
   */
  private static @Nullable Long time(Random random) {
    if (random.nextInt(400) != 0) {
      return null;
    }
    return HostileJson.pick(
        random,
        List.of(
            0L,
            1L,
            86_400_000L,
            System.currentTimeMillis() - 3_600_000,
            System.currentTimeMillis() + 3_600_000,
            System.currentTimeMillis() + 365L * 86_400_000,
            253_402_300_799_999L,
            Long.MAX_VALUE / 1_000_000));
  }

  private static List<Header> headers(Random random) {
    int kind = random.nextInt(30);
    if (kind > 5) {
      return List.of();
    }
    List<Header> headers = new ArrayList<>();
    int count = kind == 0 ? 200 : 1 + random.nextInt(3);
    for (int i = 0; i < count; i++) {
      String key =
          HostileJson.pick(
              random,
              Arrays.asList(
                  "",
                  "traceparent",
                  "tracestate",
                  "baggage",
                  "x".repeat(300),
                  "\u0000",
                  DeadLetter.SOURCE,
                  DeadLetter.REASON,
                  DeadLetter.EXCEPTION));
      byte[] value = random.nextInt(4) == 0 ? null : HostileJson.noise(random, random.nextInt(60));
      headers.add(new RecordHeader(key, value));
    }
    return headers;
  }

  private ObjectNode review(Random random) {
    ObjectNode node = node("id", id(random), "text", text(random));
    if (random.nextInt(3) == 0) {
      node.put("adapter", adapter(random));
    }
    if (random.nextInt(3) == 0) {
      node.put("timestamp", said(random));
    }
    if (random.nextInt(3) == 0) {
      node.putObject("attributes").put("shop", 7).put("country", "NL");
    }
    return node;
  }

  ObjectNode feedback(Random random) {
    ObjectNode node = EventJson.mapper().createObjectNode();
    node.put("id", "f" + random.nextInt(1 << 20));
    boolean own = random.nextInt(3) != 0;
    if (own) {
      node.put("text", text(random));
    }
    if (!own || random.nextBoolean()) {
      node.put("reviewId", id(random));
    }
    switch (random.nextInt(3)) {
      case 0 -> node.put("verdict", random.nextBoolean() ? "agree" : "disagree");
      case 1 -> node.put("stars", random.nextInt(6));
      default -> node.put("label", random.nextBoolean() ? "positive" : "negative");
    }
    if (random.nextInt(3) == 0) {
      node.put("adapter", adapter(random));
    }
    if (random.nextBoolean()) {
      node.put("source", random.nextInt(4) == 0 ? HostileJson.name(random) : "fuzz");
    }
    if (random.nextBoolean()) {
      node.put("timestamp", said(random));
    }
    return node;
  }

  private ObjectNode classification(Random random) {
    ObjectNode node = node("reviewId", id(random), "adapter", adapter(random));
    node.put("version", 1 + random.nextInt(3));
    node.put("adapterDigest", "a".repeat(64));
    node.put("baseDigest", baseDigest);
    node.put("label", "positive");
    node.putObject("scores").put("negative", .1).put("positive", .9);
    node.put("abstained", false);
    node.putObject("reason").put("code", "low-confidence").put("message", "unsure");
    position(node.putObject("input"), topics.reviews(), random);
    node.put("latencyMs", 1.5);
    return node.put("timestamp", said(random));
  }

  private ObjectNode adapterRecord(Random random) {
    String adapter = adapter(random);
    int version = 1_000 + random.nextInt(1_000);
    ObjectNode node = EventJson.mapper().createObjectNode();
    node.put("adapter", adapter);
    return switch (random.nextInt(3)) {
      case 0 -> champion(random, node, version);
      case 1 -> plan(random, node, version);
      default -> release(random, node, version);
    };
  }

  private static ObjectNode champion(Random random, ObjectNode node, int version) {
    node.put("version", version);
    node.put("digest", "c".repeat(64));
    node.putArray("servedBefore").add(1).add(2);
    return node.put("since", said(random));
  }

  private static ObjectNode plan(Random random, ObjectNode node, int version) {
    node.putObject("pinned").put("version", version).put("digest", "d".repeat(64));
    node.putObject("canary").put("version", version).put("digest", "d".repeat(64)).put("share", .1);
    node.putObject("shadow").put("version", version).put("digest", "d".repeat(64));
    node.put("abstainBelow", .01);
    return node.put("since", said(random));
  }

  private ObjectNode release(Random random, ObjectNode node, int version) {
    node.put("version", version);
    node.put("state", "promoted");
    node.put("method", "head-refresh");
    node.put("digest", "b".repeat(64));
    node.put("baseModel", "tiny");
    node.put("baseDigest", baseDigest);
    node.putArray("labels").add("negative").add("positive");
    node.put("batchId", "batch-" + version);
    node.putObject("decision")
        .put("reason", "fewer-errors")
        .put("message", "better")
        .put("holdoutRows", 100)
        .put("accuracy", .9)
        .put("macroF1", .9)
        .put("logLoss", .3)
        .put("onlyChallengerRight", 1)
        .put("onlyChampionRight", 0)
        .put("pValue", 1.0);
    node.put("trainingExamples", 10);
    node.put("trainingSeconds", 1.5);
    node.put("lastFeedbackAt", said(random));
    node.put("batchClosedAt", said(random));
    node.put("createdAt", said(random));
    node.putArray("precisions").add("fp32");
    return node;
  }

  private ObjectNode example(Random random) {
    String adapter = adapter(random);
    ObjectNode node = node("adapter", adapter, "textHash", hash(random));
    node.put("text", text(random));
    node.put("label", random.nextBoolean() ? "positive" : "negative");
    node.put("split", random.nextBoolean() ? "train" : "holdout");
    node.put("batchId", adapter + "-" + (1_000 + random.nextInt(100)));
    node.put("reviewId", id(random));
    node.put("source", "fuzz");
    node.put("feedbackAt", said(random));
    position(node.putObject("feedback"), topics.feedback(), random);
    return node;
  }

  private ObjectNode batch(Random random) {
    String adapter = adapter(random);
    int sequence = 1_000 + random.nextInt(100);
    ObjectNode node = node("id", adapter + "-" + sequence, "adapter", adapter);
    node.put("sequence", sequence);
    node.putArray("labels").add("negative").add("positive");
    ObjectNode counts = node.putObject("counts");
    counts.putObject("train").put("positive", 1);
    counts.putObject("holdout").put("negative", 1);
    node.put("size", random.nextInt(3));
    node.put("closedBy", "count");
    node.put("firstFeedbackAt", said(random));
    node.put("lastFeedbackAt", said(random));
    node.put("openedAt", said(random));
    node.put("closedAt", said(random));
    node.putArray("input")
        .addObject()
        .put("topic", topics.feedback())
        .put("partition", 0)
        .put("firstOffset", 0)
        .put("lastOffset", 5);
    return node;
  }

  private ObjectNode labelRequest(Random random) {
    ObjectNode node = node("reviewId", id(random), "adapter", adapter(random));
    node.put("version", 1);
    node.put("text", text(random));
    node.put("reason", "low-margin");
    node.put("margin", .01);
    return node.put("timestamp", said(random));
  }

  private ObjectNode trainingEvent(Random random) {
    ObjectNode node = node("adapter", adapter(random), "batchId", "batch-7");
    node.put("phase", "progress");
    node.put("method", "lora");
    node.put("step", 3);
    node.put("steps", 30);
    node.put("loss", .5);
    node.put("examplesPerSecond", 9.5);
    node.put("secondsLeft", 12.5);
    node.put("message", "step 3 of 30");
    return node.put("timestamp", said(random));
  }

  private static void position(ObjectNode node, String topic, Random random) {
    node.put("topic", topic).put("partition", 0).put("offset", random.nextInt(1_000));
  }

  /** Few ids, so that records meet: reviews, their answers and feedback on them. */
  private static String id(Random random) {
    return "fuzzed-" + random.nextInt(2_000);
  }

  private static String hash(Random random) {
    return "%064x".formatted(random.nextInt(10_000));
  }

  private static String adapter(Random random) {
    return switch (random.nextInt(20)) {
      case 0 -> HostileJson.name(random);
      case 1 -> "other";
      default -> RIGHTFUL;
    };
  }

  static String text(Random random) {
    return random.nextInt(3) == 0
        ? HostileJson.text(random)
        : "a %s film, number %d"
            .formatted(random.nextBoolean() ? "great" : "dull", random.nextInt(100_000));
  }

  /** Not the time of the run: the same seed gives the same records. */
  private static String said(Random random) {
    return Instant.EPOCH.plusSeconds(1_780_000_000L + random.nextInt(1_000_000)).toString();
  }

  private static ObjectNode node(String first, String one, String second, String two) {
    Map<String, String> fields = new LinkedHashMap<>();
    fields.put(first, one);
    fields.put(second, two);
    return EventJson.mapper().valueToTree(fields);
  }
}
