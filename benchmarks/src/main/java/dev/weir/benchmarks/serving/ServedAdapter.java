package dev.weir.benchmarks.serving;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.Limits;
import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.AdapterRecord;
import dev.weir.contract.release.Champion;
import dev.weir.contract.release.Decision;
import dev.weir.contract.release.Method;
import dev.weir.contract.release.Release;
import dev.weir.contract.topic.Topics;
import dev.weir.inference.InferenceConfig;
import dev.weir.inference.InferenceService;
import dev.weir.model.base.BaseModel;
import dev.weir.model.spec.Precision;
import dev.weir.service.config.Setting;
import dev.weir.service.config.Settings;
import dev.weir.service.ops.Health;
import dev.weir.service.ops.Lifecycle;
import dev.weir.service.ops.Metrics;
import dev.weir.service.process.CommonSettings;
import dev.weir.service.process.ServiceProcess;
import dev.weir.store.artifact.FileArtifactStore;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * The inference service as its process starts it: from settings, on a real broker, with topics of
 * its own and releases that come over the adapters topic.
 *
 * <p>Settings are the defaults, then what the environment has under {@code WEIR_}, then what the
 * benchmark decides: addresses, store, precision. Broker, base and store stay their owner's.
 */
public final class ServedAdapter implements AutoCloseable {
  private static final Duration START = Duration.ofMinutes(2);
  private static final int ACKNOWLEDGED_SECONDS = 30;

  private final Settings settings;
  private final BaseModel base;
  private final FileArtifactStore store;
  private final Lifecycle lifecycle = new Lifecycle();
  private final Health health = new Health();
  private final InferenceService service;
  private final KafkaProducer<byte[], byte[]> releases;

  /** Wires the service; {@link #start} starts it. Topics are created here. */
  public ServedAdapter(
      String bootstrapServers,
      String prefix,
      BaseModel base,
      FileArtifactStore store,
      Precision precision) {
    this.base = base;
    this.store = store;
    this.settings = settings(bootstrapServers, prefix, precision);
    ServiceProcess.provision(settings);
    Metrics metrics = lifecycle.add("metrics", new Metrics());
    service =
        lifecycle.add(
            "inference",
            new InferenceService(InferenceConfig.from(settings), metrics, health, base, store));
    releases =
        lifecycle.add(
            "releases",
            new KafkaProducer<>(kafka(), new ByteArraySerializer(), new ByteArraySerializer()));
  }

  private static Settings settings(String bootstrapServers, String prefix, Precision precision) {
    List<Setting<?>> known = new ArrayList<>(CommonSettings.all());
    known.addAll(InferenceConfig.settings());
    Map<String, String> environment = new HashMap<>();
    System.getenv()
        .forEach(
            (name, value) -> {
              if (name.startsWith(Settings.PREFIX) && !name.startsWith("WEIR_BENCH")) {
                environment.put(name, value);
              }
            });
    environment.put(CommonSettings.BOOTSTRAP_SERVERS.name(), bootstrapServers);
    environment.put(CommonSettings.TOPIC_PREFIX.name(), prefix);
    environment.put(InferenceConfig.HTTP_PORT.name(), "0");
    environment.put("WEIR_SERVE_PRECISION", precision.id());
    return Settings.read(known, environment);
  }

  /**
   * Starts the service and waits until it is ready and what was announced before has been loaded.
   */
  public void start() throws InterruptedException {
    service.start();
    long deadline = System.nanoTime() + START.toNanos();
    boolean known = service.awaitAdapters(START);
    while (!known || !health.ready()) {
      if (System.nanoTime() > deadline || !health.live()) {
        throw new IllegalStateException("the service does not start: " + health.report(false));
      }
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }

  /** States a version of the default adapter, with its release, as the one that serves. */
  public void announce(int version, String digest) {
    AdapterId id = new AdapterId(Limits.DEFAULT_ADAPTER, version);
    Release release =
        new Release(
            id.adapter(),
            id.version(),
            Release.State.PROMOTED,
            Method.LORA,
            digest,
            base.name(),
            base.digest(),
            BenchmarkAdapter.LABELS,
            "batch-" + version,
            new Decision("fewer-errors", "benchmark", 100, .9, .9, .3, null, null, null, 0, 0, 1),
            0,
            0,
            Instant.EPOCH,
            Instant.EPOCH,
            Instant.EPOCH,
            BenchmarkAdapter.precisions());
    send(AdapterRecord.key(release), EventJson.write(release));
    crown(version, digest);
  }

  /** States the champion alone: its release was announced before. */
  public void crown(int version, String digest) {
    Champion champion = new Champion(Limits.DEFAULT_ADAPTER, version, digest, Instant.now());
    send(AdapterRecord.key(champion), EventJson.write(champion));
  }

  private void send(byte[] key, byte[] value) {
    try {
      releases
          .send(new ProducerRecord<>(topics().adapters(), key, value))
          .get(ACKNOWLEDGED_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while announcing a release", e);
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException(
          "the record " + new String(key, UTF_8) + " was not written", e);
    }
  }

  /** Kafka client properties that reach the broker. */
  public Map<String, Object> kafka() {
    return CommonSettings.kafka(settings);
  }

  /** This service's topics. */
  public Topics topics() {
    return settings.get(CommonSettings.TOPIC_PREFIX);
  }

  /** The store that artifacts are published to. */
  public FileArtifactStore store() {
    return store;
  }

  /** An address of its HTTP interface. */
  public URI uri(String path) {
    return URI.create("http://127.0.0.1:" + service.port() + path);
  }

  @Override
  public void close() {
    lifecycle.close();
  }
}
