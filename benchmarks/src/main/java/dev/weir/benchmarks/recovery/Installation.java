package dev.weir.benchmarks.recovery;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.weir.benchmarks.serving.BenchmarkAdapter;
import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.Feedback;
import dev.weir.contract.event.Limits;
import dev.weir.contract.event.Review;
import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.AdapterRecord;
import dev.weir.contract.release.Champion;
import dev.weir.contract.release.Decision;
import dev.weir.contract.release.Method;
import dev.weir.contract.release.Release;
import dev.weir.contract.text.TokenLimit;
import dev.weir.contract.text.Truncation;
import dev.weir.contract.topic.Topics;
import dev.weir.model.base.BaseModel;
import dev.weir.service.process.TopicProvisioner;
import dev.weir.store.artifact.FileArtifactStore;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.Utils;

/**
 * A broker as a process of its own with Weir's topics and one released adapter, and whatever
 * services are started on it. The settings are the defaults; ports, directories and names differ.
 *
 * <p>For one thread. Closing it kills every process.
 */
final class Installation implements AutoCloseable {

  private static final Duration START = Duration.ofMinutes(3);
  private static final int PARTITIONS = 4;

  private final Path directory;
  private final String base;
  private final Optional<Path> clientConfig;
  private final int brokerPort;
  private final Topics topics = Topics.DEFAULT;
  private final List<Child> children = new ArrayList<>();
  private final Map<String, Integer> ports = new HashMap<>();
  private final HttpClient http = HttpClient.newHttpClient();
  private final KafkaProducer<byte[], byte[]> producer;
  private final Arrivals answers;
  private final Arrivals examples;
  private int probes;

  /**
   * Starts the broker.
   *
   * @param clientConfig properties of the services' Kafka clients
   */
  Installation(Path directory, String base, Optional<Path> clientConfig)
      throws IOException, InterruptedException {
    this.directory = directory;
    this.base = base;
    this.clientConfig = clientConfig;
    this.brokerPort = freePort();
    children.add(
        Child.main(
            "broker",
            "1g",
            List.of(
                BrokerProcess.class.getName(),
                directory.resolve("kafka").toString(),
                Integer.toString(brokerPort)),
            directory.resolve("broker.log")));
    try {
      provision();
      producer = new KafkaProducer<>(kafka(), new ByteArraySerializer(), new ByteArraySerializer());
      release();
      answers = new Arrivals(kafka(), topics.classifications());
      examples = new Arrivals(kafka(), topics.examples());
    } catch (IOException | InterruptedException | RuntimeException e) {
      children.forEach(Child::close);
      throw e;
    }
  }

  private Map<String, Object> kafka() {
    return Map.of("bootstrap.servers", "127.0.0.1:" + brokerPort);
  }

  private void provision() throws InterruptedException {
    long deadline = System.nanoTime() + START.toNanos();
    while (true) {
      try (Admin admin = Admin.create(kafka())) {
        new TopicProvisioner(admin, Duration.ofSeconds(10))
            .ensure(topics.all(PARTITIONS, (short) 1));
        return;
      } catch (RuntimeException e) {
        if (System.nanoTime() > deadline) {
          throw e;
        }
        TimeUnit.MILLISECONDS.sleep(200); // Not listening yet.
      }
    }
  }

  private void release() throws IOException {
    AdapterId id = new AdapterId(Limits.DEFAULT_ADAPTER, 1);
    try (BaseModel model = BaseModel.load(base)) {
      String digest =
          BenchmarkAdapter.publish(
              new FileArtifactStore(directory.resolve("store")),
              model,
              id,
              BenchmarkAdapter.random(model.config(), BenchmarkAdapter.LIGHT, 1),
              new TokenLimit(128, Truncation.HEAD_TAIL),
              1);
      Release release =
          new Release(
              id.adapter(),
              id.version(),
              Release.State.PROMOTED,
              Method.LORA,
              digest,
              model.name(),
              model.digest(),
              BenchmarkAdapter.LABELS,
              "batch-1",
              new Decision("fewer-errors", "benchmark", 100, .9, .9, .3, null, null, null, 0, 0, 1),
              0,
              0,
              Instant.EPOCH,
              Instant.EPOCH,
              Instant.EPOCH,
              List.of("fp32"));
      Champion champion = new Champion(id.adapter(), id.version(), digest, Instant.now());
      send(topics.adapters(), AdapterRecord.key(release), EventJson.write(release));
      send(topics.adapters(), AdapterRecord.key(champion), EventJson.write(champion));
      producer.flush();
    }
  }

  /** Starts a replica of inference; a name that was there before is the same replica. */
  Child startInference(String replica) throws IOException {
    Map<String, String> environment = environment();
    environment.put("WEIR_STORE_DIR", directory.resolve("store").toString());
    environment.put("WEIR_SERVE_CACHE_DIR", directory.resolve("cache-" + replica).toString());
    environment.put("WEIR_SERVE_INSTANCE", replica);
    environment.put("WEIR_HTTP_PORT", Integer.toString(port("inference-" + replica)));
    environment.put("WEIR_BASE_MODEL", base);
    return start("inference-" + replica, "1g", environment, "inference");
  }

  /** Starts curation, on the state that it left. */
  Child startCuration() throws IOException {
    Map<String, String> environment = environment();
    environment.put("WEIR_CURATION_STATE_DIR", directory.resolve("streams").toString());
    environment.put("WEIR_OPS_PORT", Integer.toString(port("curation")));
    return start("curation", "1g", environment, "curation");
  }

  private Map<String, String> environment() {
    Map<String, String> environment = new HashMap<>();
    environment.put("WEIR_BOOTSTRAP_SERVERS", "127.0.0.1:" + brokerPort);
    environment.put("WEIR_REPLICATION", "1");
    clientConfig.ifPresent(
        file -> environment.put("WEIR_KAFKA_CLIENT_CONFIG", file.toAbsolutePath().toString()));
    return environment;
  }

  private Child start(String name, String heap, Map<String, String> environment, String command)
      throws IOException {
    Child child = Child.weir(name, heap, environment, command, directory.resolve(name + ".log"));
    children.add(child);
    return child;
  }

  private int port(String name) throws IOException {
    Integer known = ports.get(name);
    if (known == null) {
      known = freePort();
      ports.put(name, known);
    }
    return known;
  }

  /** Waits until a service says that it is ready. */
  void awaitReady(String name, Child child) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port(name) + "/health/ready"))
            .timeout(Duration.ofSeconds(5))
            .build();
    long deadline = System.nanoTime() + START.toNanos();
    while (true) {
      child.requireAlive();
      try {
        if (http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200) {
          return;
        }
      } catch (IOException e) {
        // Not listening yet.
      }
      if (System.nanoTime() > deadline) {
        throw new IOException(name + " is not ready within " + START.toSeconds() + " s");
      }
      TimeUnit.MILLISECONDS.sleep(100);
    }
  }

  /** Sends a review to each partition; returns their ids. */
  List<String> sendReviews() {
    List<String> ids = idsOfEachPartition();
    ids.forEach(
        id ->
            send(
                topics.reviews(),
                id.getBytes(UTF_8),
                EventJson.write(Review.of(id, "fine " + id))));
    producer.flush();
    return ids;
  }

  /** Sends a label for a new text to each partition; returns the ids. */
  List<String> sendLabels() {
    List<String> ids = idsOfEachPartition();
    ids.forEach(id -> send(topics.feedback(), id.getBytes(UTF_8), EventJson.write(label(id))));
    producer.flush();
    return ids;
  }

  private static Feedback label(String id) {
    return Feedback.labeled(
        id,
        "a text of its own, " + id,
        BenchmarkAdapter.LABELS.get(Math.floorMod(id.hashCode(), 2)),
        "source-" + Math.floorMod(id.hashCode(), 10_000));
  }

  private List<String> idsOfEachPartition() {
    Map<Integer, String> ids = new TreeMap<>();
    while (ids.size() < PARTITIONS) {
      String id = "probe-" + probes++;
      ids.putIfAbsent(Utils.toPositive(Utils.murmur2(id.getBytes(UTF_8))) % PARTITIONS, id);
    }
    return List.copyOf(ids.values());
  }

  /** Has curation keep so many examples, and waits until they are on their topic. */
  void fill(int count) throws InterruptedException {
    int before = examples.count();
    for (int i = 0; i < count; i++) {
      String id = "kept-" + i;
      send(topics.feedback(), id.getBytes(UTF_8), EventJson.write(label(id)));
    }
    producer.flush();
    long deadline = System.nanoTime() + Duration.ofMinutes(15).toNanos();
    while (examples.count() < before + count) {
      if (System.nanoTime() > deadline) {
        throw new IllegalStateException(
            (examples.count() - before) + " of " + count + " examples in 15 minutes");
      }
      TimeUnit.MILLISECONDS.sleep(200);
    }
  }

  /** Answers to reviews. */
  Arrivals answers() {
    return answers;
  }

  /** Examples that feedback became. */
  Arrivals examples() {
    return examples;
  }

  private void send(String topic, byte[] key, byte[] value) {
    try {
      var sent = producer.send(new ProducerRecord<>(topic, key, value));
      if (sent.isDone()) {
        sent.get();
      }
    } catch (ExecutionException e) {
      throw new KafkaException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new KafkaException(e);
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  @Override
  public void close() {
    producer.close(Duration.ofSeconds(5));
    answers.close();
    examples.close();
    for (int i = children.size() - 1; i >= 0; i--) {
      children.get(i).close();
    }
  }
}
