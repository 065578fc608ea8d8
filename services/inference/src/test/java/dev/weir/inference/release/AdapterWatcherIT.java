package dev.weir.inference.release;

import static dev.weir.inference.TestingArtifacts.champion;
import static dev.weir.inference.TestingArtifacts.publish;
import static dev.weir.inference.TestingArtifacts.release;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.contract.event.EventJson;
import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.AdapterRecord;
import dev.weir.contract.release.Champion;
import dev.weir.contract.release.ServingPlan;
import dev.weir.inference.slot.AdapterRegistry;
import dev.weir.inference.slot.TestingAdapters;
import dev.weir.inference.slot.TestingSlotTable;
import dev.weir.model.base.BaseModel;
import dev.weir.service.ops.Health.Status;
import dev.weir.service.ops.Metrics;
import dev.weir.store.artifact.FileArtifactStore;
import dev.weir.testing.TestBroker;
import dev.weir.testing.TestingBaseModel;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.provider.Arguments;

/** The watcher on a real topic: records that say nothing, restarts, and topics made anew. */
@Timeout(180)
class AdapterWatcherIT {

  private static final Duration SOON = Duration.ofSeconds(60);
  private static final AdapterId ONE = new AdapterId("default", 1);
  private static final AdapterId TWO = new AdapterId("default", 2);

  @TempDir Path directory;
  private final String topic = TestBroker.uniquePrefix() + "adapters";
  private BaseModel base;
  private FileArtifactStore store;
  private KafkaProducer<byte[], byte[]> producer;
  private Replica replica;

  /** What reads the topic in one process. */
  private final class Replica implements AutoCloseable {

    final Metrics metrics = new Metrics();
    final AdapterRegistry registry = TestingAdapters.registry(new TestingSlotTable.Opener(), 4);
    final AdapterLoader loader =
        new AdapterLoader(
            TestingAdapters.reader(store, base, directory.resolve("local")),
            registry,
            metrics.registry(),
            Clock.systemUTC());
    final ServingPlans plans = new ServingPlans();
    final AnnouncedAdapters announced =
        new AnnouncedAdapters(
            plans, "default"::equals, new SkippedAdapterRecords(metrics.registry(), "adapters"));
    final AdapterWatcher watcher =
        new AdapterWatcher(servers(), topic, loader, announced, metrics.registry());

    Replica() {
      watcher.start();
    }

    int serving() {
      return registry.state().adapter("default").map(at -> at.id().version()).orElse(0);
    }

    double count(String meter) {
      return metrics.registry().find(meter).counters().stream()
          .mapToDouble(counter -> counter.count())
          .sum();
    }

    @Override
    public void close() {
      watcher.close();
      loader.close();
      assertThat(registry.lostSlots()).isZero();
      registry.close();
      metrics.close();
    }
  }

  @BeforeEach
  void open() {
    TestBroker.createTopics(1, topic);
    base = BaseModel.load(TestingBaseModel.write(directory.resolve("base"), 1).toString());
    store = new FileArtifactStore(directory.resolve("store"));
    producer = new KafkaProducer<>(servers(), new ByteArraySerializer(), new ByteArraySerializer());
  }

  @AfterEach
  void close() {
    if (replica != null) {
      replica.close();
    }
    producer.close();
    base.close();
  }

  @Test
  void recordsThatSayNothingStopNoReplicaAndNoRestart() throws Exception {
    crown(ONE, publish(store, base, ONE, "positive"));
    replica = new Replica();
    assertThat(replica.watcher.awaitCaughtUp(SOON)).isTrue();
    List<Arguments> hostile = AnnouncedAdaptersTest.recordsThatSayNothing().toList();
    for (Arguments each : hostile) {
      send((String) each.get()[0], (String) each.get()[1]);
    }
    String second = publish(store, base, TWO, "negative");
    crown(TWO, second);
    await().atMost(SOON).until(() -> replica.serving() == 2);
    assertThat(replica.watcher.status()).isInstanceOf(Status.Up.class);
    assertThat(replica.count("weir.records.skipped")).isEqualTo(hostile.size());

    replica.close();
    replica = new Replica();

    assertThat(replica.watcher.awaitCaughtUp(SOON)).isTrue();
    assertThat(replica.serving()).isEqualTo(2);
    assertThat(replica.count("weir.records.skipped")).isEqualTo(hostile.size());
    crown(ONE, publish(store, base, new AdapterId("default", 3), "positive"), 3);
    await().atMost(SOON).until(() -> replica.serving() == 3);
  }

  @Test
  void topicThatIsMadeAnewIsFollowedAndTheOldOneIsForgotten() throws Exception {
    for (int version = 1; version <= 5; version++) {
      AdapterId id = new AdapterId("default", version);
      crown(id, publish(store, base, id, "positive"));
    }
    AdapterId other = new AdapterId("other", 1);
    crown(other, publish(store, base, other, "positive"));
    ServingPlan pinned =
        ServingPlan.none("default").withPinned(new ServingPlan.Pin(4, digest(4), null));
    producer
        .send(new ProducerRecord<>(topic, AdapterRecord.key(pinned), EventJson.write(pinned)))
        .get();
    replica = new Replica();
    assertThat(replica.watcher.awaitCaughtUp(SOON)).isTrue();
    assertThat(replica.serving()).isEqualTo(4);

    try (Admin admin = TestBroker.admin()) {
      admin.deleteTopics(List.of(topic)).all().get();
      await().atMost(SOON).until(() -> !admin.listTopics().names().get().contains(topic));
    }
    TestBroker.createTopics(1, topic);
    crown(TWO, digest(2));

    await().atMost(SOON).until(() -> replica.serving() == 2);
    await().atMost(SOON).until(() -> replica.registry.state().adapter("other").isEmpty());
    assertThat(replica.announced.champions()).containsOnlyKeys("default");
    assertThat(replica.plans.of("default").pinned()).isNull();
    assertThat(replica.count("weir.inference.adapters.topic.anew")).isPositive();
    crown(ONE, digest(1));
    await().atMost(SOON).until(() -> replica.serving() == 1);
    await().atMost(SOON).until(() -> replica.watcher.status() instanceof Status.Up);
  }

  private String digest(int version) {
    return store.digest(new AdapterId("default", version)).orElseThrow();
  }

  private void crown(AdapterId id, String digest) throws Exception {
    crown(id, digest, id.version());
  }

  private void crown(AdapterId of, String digest, int version) throws Exception {
    AdapterId id = new AdapterId(of.adapter(), version);
    var release = release(base, id, digest);
    Champion champion = champion(id, digest);
    producer
        .send(new ProducerRecord<>(topic, AdapterRecord.key(release), EventJson.write(release)))
        .get();
    producer
        .send(new ProducerRecord<>(topic, AdapterRecord.key(champion), EventJson.write(champion)))
        .get();
  }

  private void send(@Nullable String key, @Nullable String value) throws Exception {
    producer
        .send(
            new ProducerRecord<>(
                topic,
                key == null ? null : key.getBytes(UTF_8),
                value == null ? null : value.getBytes(UTF_8)))
        .get();
  }

  private static Map<String, Object> servers() {
    return Map.of("bootstrap.servers", TestBroker.bootstrapServers());
  }
}
