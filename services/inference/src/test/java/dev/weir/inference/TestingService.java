package dev.weir.inference;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.contract.event.AdapterCatalog;
import dev.weir.contract.event.EventJson;
import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.AdapterRecord;
import dev.weir.contract.topic.Topics;
import dev.weir.inference.http.HttpContract;
import dev.weir.model.base.BaseModel;
import dev.weir.model.spec.LinearModule;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.model.weights.LoraConfig;
import dev.weir.service.ops.Health;
import dev.weir.service.ops.Metrics;
import dev.weir.service.process.TopicProvisioner;
import dev.weir.store.artifact.ArtifactStore;
import dev.weir.store.artifact.FileArtifactStore;
import dev.weir.testing.TestBroker;
import dev.weir.testing.TestingAdapter;
import dev.weir.testing.TestingBaseModel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** The inference service with a real broker and a small real model, and a client for it. */
final class TestingService implements AutoCloseable {

  static final Duration SOON = Duration.ofSeconds(60);

  final Topics topics = new Topics(TestBroker.uniquePrefix());
  final BaseModel base;
  final InferenceService service;
  final HttpContract client;
  private final ArtifactStore store;
  private final Metrics metrics = new Metrics();
  private final KafkaProducer<byte[], byte[]> producer;

  TestingService(Path directory) throws Exception {
    this(directory, new FileArtifactStore(directory.resolve("store")));
  }

  TestingService(Path directory, ArtifactStore store) throws Exception {
    this.store = store;
    try (Admin admin = TestBroker.admin()) {
      new TopicProvisioner(admin, SOON).ensure(topics.all(2, (short) 1));
    }
    base = BaseModel.load(TestingBaseModel.write(directory.resolve("base"), 1).toString());
    producer =
        new KafkaProducer<>(
            Map.of(
                "bootstrap.servers",
                TestBroker.bootstrapServers(),
                "max.request.size",
                Topics.MAX_MESSAGE_BYTES),
            new ByteArraySerializer(),
            new ByteArraySerializer());
    Health health = new Health();
    service =
        new InferenceService(
            TestingConfig.of(
                topics,
                AdapterCatalog.parse("default=negative@1-2,positive@4-5;idle=a,b"),
                directory.resolve("copies"),
                64,
                1, // A label request for every review: it carries the text back to Kafka.
                "one"),
            metrics,
            health,
            base,
            store);
    service.start();
    client = new HttpContract(service.port());
    await().atMost(SOON).until(health::ready);
  }

  /** Releases a version with random numbers and waits until it serves; returns its digest. */
  String release(int version) throws Exception {
    AdapterId id = new AdapterId("default", version);
    AdapterWeights random =
        TestingAdapter.random(
            base.config(), new LoraConfig(4, 8, 0, Set.of(LinearModule.QUERY)), 2, version);
    AdapterWeights weights =
        new AdapterWeights(
            random.lora(),
            random.pairs(),
            TestingArtifacts.LABELS,
            random.headWeight(),
            random.headBias());
    String digest = TestingArtifacts.publish(store, base, base.digest(), id, weights);
    var release = TestingArtifacts.release(base, id, digest);
    var champion = TestingArtifacts.champion(id, digest);
    send(topics.adapters(), AdapterRecord.key(release), EventJson.write(release));
    send(topics.adapters(), AdapterRecord.key(champion), EventJson.write(champion));
    await()
        .atMost(SOON)
        .until(
            () -> {
              JsonNode adapter = client.get("/v1/adapters/default", 200);
              return adapter.path("serving").path("version").asInt() == version;
            });
    return digest;
  }

  void send(String topic, String key, byte[] value) throws Exception {
    send(topic, key.getBytes(UTF_8), value);
  }

  void send(String topic, byte[] key, byte[] value) throws Exception {
    producer.send(new ProducerRecord<>(topic, key, value)).get();
  }

  @Override
  public void close() {
    service.close();
    producer.close();
    metrics.close();
    base.close();
  }
}
