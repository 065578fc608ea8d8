package dev.weir.benchmarks.serving;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.broker.EmbeddedBroker;
import dev.weir.contract.event.Limits;
import dev.weir.contract.release.AdapterId;
import dev.weir.model.base.BaseModel;
import dev.weir.model.spec.Precision;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.service.ops.Lifecycle;
import dev.weir.store.artifact.FileArtifactStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiFunction;

/**
 * One run of the comparison: opens every way, measures them in turns, then latencies and the cost
 * of adapters.
 */
final class ServingRun {
  /** A peer gets so manieth part of the texts: it is slower, and its rate is what counts. */
  private static final int PEER_SHARE = 3;

  private static final int TUNING_TEXTS = 100;
  private static final int SINGLE_TEXTS = 100;

  /** The first one is the service's own; it is tried once more when everything is warm. */
  private static final List<Integer> BUDGETS = List.of(256, 128, 256, 512, 1024, 2048);

  /** Share of the ceiling's throughput before anything is measured. */
  private static final double WARM_UP_LOAD = 0.4;

  private final ServingOptions options;
  private final Path directory;
  private final Rates rates = new Rates();
  private final ObjectNode latencies = new ObjectMapper().createObjectNode();
  private final ObjectNode adapters = new ObjectMapper().createObjectNode();
  private final Map<String, Integer> texts = new LinkedHashMap<>();

  /**
   * @param directory for broker, store and models; the caller removes it
   */
  ServingRun(ServingOptions options, Path directory) {
    this.options = options;
    this.directory = directory;
  }

  /** Measures everything. */
  ServingReport run() throws IOException, InterruptedException {
    TextStream stream = TextStream.read(options.sentences, options.longOnes, options.seed);
    try (Lifecycle lifecycle = new Lifecycle()) {
      EmbeddedBroker broker =
          lifecycle.add(
              "broker", new EmbeddedBroker(EmbeddedBroker.Settings.of(directory.resolve("kafka"))));
      broker.start();
      BaseModel base = lifecycle.add("base", BaseModel.load(options.base));
      FileArtifactStore store =
          lifecycle.add("store", new FileArtifactStore(directory.resolve("store")));
      AdapterWeights weights = BenchmarkAdapter.random(base.config(), options.lora(), options.seed);
      AdapterId id = new AdapterId(Limits.DEFAULT_ADAPTER, 1);
      String digest =
          BenchmarkAdapter.publish(store, base, id, weights, options.limit(), options.seed);
      Map<Precision, Contenders> contenders = new LinkedHashMap<>();
      for (Precision precision : options.precisions) {
        ServedAdapter served =
            new ServedAdapter(
                broker.bootstrapServers(), precision.id() + ".", base, store, precision);
        lifecycle.add("service " + precision.id(), served);
        served.announce(id.version(), digest);
        served.start();
        contenders.put(
            precision,
            lifecycle.add(
                "contenders " + precision.id(),
                new Contenders(served, digest, base, weights, precision, directory, options)));
      }
      Peers peers = lifecycle.add("peers", peers(base, weights));
      throughput(contenders, peers, stream);
      for (Map.Entry<Precision, Contenders> each : contenders.entrySet()) {
        latency(each.getKey(), each.getValue(), stream);
      }
      adapterCost(base, stream);
      return new ServingReport(options, rates, latencies, adapters, texts, peers.absent());
    }
  }

  private Peers peers(BaseModel base, AdapterWeights weights)
      throws IOException, InterruptedException {
    Peers peers = new Peers();
    if (options.peersPython != null) {
      say("starting the Python peer");
      peers.startPython(
          options.peersPython,
          Path.of("benchmarks/peers/serve.py"),
          directory.resolve("peers"),
          base,
          weights,
          options.limit(),
          options.threads,
          options.precisions);
    } else {
      peers.absent(Peers.FASTAPI, "no --peers-python was given");
    }
    options.running.forEach(peers::running);
    options.absent.forEach(peers::absent);
    return peers;
  }

  private void throughput(Map<Precision, Contenders> contenders, Peers peers, TextStream stream)
      throws InterruptedException {
    for (Map.Entry<Precision, Contenders> each : contenders.entrySet()) {
      String precision = each.getKey().id();
      Ceiling ceiling = each.getValue().ceiling();
      List<StreamText> some = stream.mixed(0, TUNING_TEXTS);
      int budget = ceiling.tune(some, BUDGETS);
      double rate = ceiling.perSecond(some);
      int count = (int) Math.max(20, Math.ceil(rate * options.seconds / 5) * 5);
      texts.put(precision, count);
      warmUp(each.getValue(), WARM_UP_LOAD * rate, stream);
      say(
          "%s: %d texts per measurement, the ceiling's batches hold %d tokens",
          precision, count, budget);
    }
    // The round before the first warms up and does not count: it is as long as the others, for the
    // JVM is still compiling what it runs.
    for (int round = 0; round <= options.rounds; round++) {
      for (Map.Entry<Precision, Contenders> each : contenders.entrySet()) {
        String precision = each.getKey().id();
        int count = texts.getOrDefault(precision, 0);
        Map<String, Contender> ways = new LinkedHashMap<>(each.getValue().ways());
        peers
            .endpoints()
            .forEach(
                (name, byPrecision) -> {
                  HttpEndpoint endpoint = byPrecision.get(precision);
                  if (endpoint != null) {
                    ways.put(name, new HttpClosedLoop(endpoint, options.connections));
                  }
                });
        List<String> order = new ArrayList<>(ways.keySet());
        // Every other round backwards: a machine that warms up or slows down favours nobody.
        if (round % 2 == 1) {
          Collections.reverse(order);
        }
        int from = round * count;
        for (String name : order) {
          boolean peer = peers.endpoints().containsKey(name);
          List<StreamText> given =
              stream.mixed(from, peer ? Math.max(20, count / PEER_SHARE / 5 * 5) : count);
          double rate =
              peer ? peer(peers, ways, name, precision, given) : measured(ways, name, given);
          if (round > 0 && Double.isFinite(rate)) {
            rates.add(name, precision, rate);
            say("round %d, %s, %s: %.1f texts/s", round, precision, name, rate);
          }
        }
      }
    }
  }

  /** Kafka under load that lets queues run dry, which a burst never does; then HTTP. */
  private void warmUp(Contenders contenders, double perSecond, TextStream stream)
      throws InterruptedException {
    long[] arrivals = OpenLoop.arrivals(perSecond, options.warmUpSeconds, options.seed);
    List<StreamText> some = stream.mixed(0, arrivals.length);
    LatencyRun.kafka(contenders.client(), "warm-up-", some, arrivals);
    double unused =
        new HttpClosedLoop(contenders.endpoint(), options.connections)
            .perSecond(stream.mixed(0, 2 * arrivals.length));
  }

  /** A peer that fails does not end the run: it is named with its failure and left out. */
  private static double peer(
      Peers peers,
      Map<String, Contender> ways,
      String name,
      String precision,
      List<StreamText> given)
      throws InterruptedException {
    try {
      return measured(ways, name, given);
    } catch (IllegalStateException e) {
      peers.failed(name, precision, e.getMessage() + ": " + e.getCause());
      return Double.NaN;
    }
  }

  private static double measured(Map<String, Contender> ways, String name, List<StreamText> given)
      throws InterruptedException {
    Contender way = ways.get(name);
    if (way == null) {
      throw new IllegalStateException("no way " + name);
    }
    return way.perSecond(given);
  }

  private void latency(Precision precision, Contenders contenders, TextStream stream)
      throws InterruptedException {
    String id = precision.id();
    ObjectNode json = latencies.putObject(id);
    HttpEndpoint endpoint = contenders.endpoint();
    json.set("httpSingleText", LatencyRun.single(endpoint, stream.mixed(0, SINGLE_TEXTS)).json());
    double httpRate = options.load * rates.of(Contenders.HTTP, id);
    put(
        json,
        "http",
        httpRate,
        second(
            httpRate,
            options.latencySeconds,
            stream::mixed,
            (run, texts, arrivals) -> LatencyRun.http(endpoint, texts, arrivals)));
    double kafkaRate = options.load * rates.of(Contenders.KAFKA, id);
    put(
        json,
        "kafka",
        kafkaRate,
        second(
            kafkaRate,
            options.latencySeconds,
            stream::mixed,
            (run, texts, arrivals) ->
                LatencyRun.kafka(contenders.client(), "mixed" + run, texts, arrivals)));
    sentences(id, json, contenders, stream);
  }

  /** Sentences alone have a throughput of their own, and their latency is at half of that. */
  private void sentences(String id, ObjectNode json, Contenders contenders, TextStream stream)
      throws InterruptedException {
    int count = 3 * texts.getOrDefault(id, 0);
    List<StreamText> some = stream.sentences(0, count);
    Contender kafka = contenders.ways().get(Contenders.KAFKA);
    if (kafka == null) {
      throw new IllegalStateException("no Kafka path");
    }
    double full = kafka.perSecond(some);
    rates.add(Contenders.SENTENCES, id, full);
    say("%s: %.1f sentences/s over Kafka", id, full);
    double rate = options.load * full;
    put(
        json,
        "kafkaSentencesAlone",
        rate,
        second(
            rate,
            options.latencySeconds / 2,
            stream::sentences,
            (run, texts, arrivals) ->
                LatencyRun.kafka(contenders.client(), "alone" + run, texts, arrivals)));
  }

  /** One latency run. */
  @FunctionalInterface
  private interface Timed {

    /**
     * @param run precedes the ids of its texts
     */
    Latencies run(String run, List<StreamText> texts, long[] arrivals) throws InterruptedException;
  }

  /**
   * The second of two runs that are alike but for their arrivals. The first one warms up: few texts
   * at a time take other ways through the code than the queues of a throughput run, and while the
   * JVM compiles those its threads have a part of the processor.
   */
  private Latencies second(
      double rate,
      double seconds,
      BiFunction<Integer, Integer, List<StreamText>> texts,
      Timed timed)
      throws InterruptedException {
    long[] first = OpenLoop.arrivals(rate, seconds, options.seed + 1);
    timed.run("-warm-up-", texts.apply(0, first.length), first);
    long[] arrivals = OpenLoop.arrivals(rate, seconds, options.seed);
    return timed.run("-", texts.apply(0, arrivals.length), arrivals);
  }

  private static void put(ObjectNode json, String name, double rate, Latencies latencies) {
    ObjectNode node = latencies.json();
    node.put("perSecond", rate);
    json.set(name, node);
    say(
        "%s at %.1f texts/s: p50 %.1f ms, p99 %.1f ms",
        name, rate, latencies.all(50), latencies.all(99));
  }

  private void adapterCost(BaseModel base, TextStream stream)
      throws IOException, InterruptedException {
    AdapterCost cost =
        new AdapterCost(
            base, options.lora(), options.limit(), options.threads, BUDGETS.get(0), options.rounds);
    for (Precision precision : options.precisions) {
      say("%s: adapters %s", precision.id(), options.adapters);
      int count = Math.max(20, texts.getOrDefault(precision.id(), 0) / 2);
      adapters.set(
          precision.id(),
          cost.measure(
              precision,
              options.adapters,
              stream.mixed(0, count),
              directory.resolve("adapters"),
              options.seed));
    }
  }

  private static void say(String format, Object... values) {
    System.err.printf(Locale.ROOT, format + "%n", values);
  }
}
