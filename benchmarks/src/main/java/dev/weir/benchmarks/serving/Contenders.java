package dev.weir.benchmarks.serving;

import dev.weir.contract.event.Classification;
import dev.weir.contract.text.TokenLimit;
import dev.weir.contract.topic.TopicSpec;
import dev.weir.model.base.BaseModel;
import dev.weir.model.graph.SlotLayout;
import dev.weir.model.session.SlotEncoder;
import dev.weir.model.spec.Precision;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.service.ops.Lifecycle;
import dev.weir.service.process.TopicProvisioner;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.kafka.clients.admin.Admin;

/** All ways of one precision, opened side by side; each is idle while another one is measured. */
final class Contenders implements AutoCloseable {
  static final String CEILING = "ceiling";
  static final String MERGED = "mergedCeiling";
  static final String KAFKA = "kafka";
  static final String HTTP = "http";
  static final String LOOP_PER_CORE = "oneAtATimeLoopPerCore";
  static final String ONE_LOOP = "oneAtATimeOneLoop";

  /** The Kafka path on sentences alone; no way of its own. */
  static final String SENTENCES = "kafkaSentences";

  private static final Set<String> OURS =
      Set.of(CEILING, MERGED, KAFKA, HTTP, LOOP_PER_CORE, ONE_LOOP, SENTENCES);

  /** Slots of the graphs beside the service's: as many as a service starts with. */
  private static final int SLOTS = 8;

  /** Where the budget of the ceiling's batches starts; tuning tries its neighbours. */
  private static final int TOKEN_BUDGET = 512;

  private static final Duration BROKER = Duration.ofSeconds(30);

  private final Lifecycle lifecycle = new Lifecycle();
  private final Map<String, Contender> ways = new LinkedHashMap<>();
  private final ServedAdapter served;
  private final KafkaClient client;
  private final HttpEndpoint endpoint;
  private final Ceiling ceiling;

  /** Opens everything but peers. */
  Contenders(
      ServedAdapter served,
      String digest,
      BaseModel base,
      AdapterWeights weights,
      Precision precision,
      Path directory,
      ServingOptions options)
      throws IOException {
    this.served = served;
    TokenLimit limit = options.limit();
    int threads = options.threads;
    SlotEncoder encoder = lifecycle.add("encoder", open(base, weights, precision, 1));
    ceiling = new Ceiling(encoder, base.tokenizer(), limit, 0, threads, TOKEN_BUDGET);
    ways.put(CEILING, ceiling);
    ways.put(
        MERGED,
        lifecycle.add(
            MERGED,
            MergedRuntime.open(base, weights, precision, directory, limit, threads, TOKEN_BUDGET)));
    Consumer<Classification> check =
        answer -> {
          if (!digest.equals(answer.adapterDigest()) || answer.label() == null) {
            throw new IllegalStateException("an answer of another adapter: " + answer);
          }
        };
    client =
        lifecycle.add(
            "clients",
            new KafkaClient(
                served.kafka(), served.topics().reviews(), served.topics().classifications()));
    ways.put(KAFKA, new KafkaPath(client, 0, check));
    endpoint = new HttpEndpoint(served.uri("/v1/classify"), "text");
    ways.put(HTTP, new HttpClosedLoop(endpoint, options.connections));
    loops(LOOP_PER_CORE, threads, encoder, base, limit, precision);
    if (threads > 1) {
      SlotEncoder wide = lifecycle.add("wide encoder", open(base, weights, precision, threads));
      loops(ONE_LOOP, 1, wide, base, limit, precision);
    }
  }

  private static SlotEncoder open(
      BaseModel base, AdapterWeights weights, Precision precision, int intraOpThreads) {
    SlotLayout layout = BenchmarkAdapter.layout(SLOTS, weights.lora());
    SlotEncoder encoder = SlotEncoder.open(base, layout, precision, intraOpThreads);
    encoder.write(0, weights);
    return encoder;
  }

  /** Consumer loops on topics of their own, as many partitions as loops. */
  private void loops(
      String name,
      int count,
      SlotEncoder encoder,
      BaseModel base,
      TokenLimit limit,
      Precision precision) {
    String reviews = name + "-" + precision.id() + "-reviews";
    String answers = name + "-" + precision.id() + "-answers";
    try (Admin admin = Admin.create(served.kafka())) {
      new TopicProvisioner(admin, BROKER)
          .ensure(
              List.of(
                  new TopicSpec(reviews, count, (short) 1, Map.of()),
                  new TopicSpec(answers, count, (short) 1, Map.of())));
    }
    OneAtATime loops =
        lifecycle.add(
            name,
            new OneAtATime(served.kafka(), reviews, answers, encoder, 0, base.tokenizer(), limit));
    KafkaClient clients =
        lifecycle.add(name + " clients", new KafkaClient(served.kafka(), reviews, answers));
    ways.put(
        name,
        new KafkaPath(
            clients,
            count,
            answer -> {
              if (answer.label() == null) {
                throw new IllegalStateException("no answer: " + answer);
              }
            }));
    loops.start(count);
  }

  /** Whether a way is another implementation's. */
  static boolean peer(String way) {
    return !OURS.contains(way);
  }

  /** By name, in the order in which they are measured. */
  Map<String, Contender> ways() {
    return ways;
  }

  Ceiling ceiling() {
    return ceiling;
  }

  /** The service's HTTP interface. */
  HttpEndpoint endpoint() {
    return endpoint;
  }

  /** The service's one client on Kafka: another one would see this one's answers. */
  KafkaClient client() {
    return client;
  }

  @Override
  public void close() {
    lifecycle.close();
  }
}
