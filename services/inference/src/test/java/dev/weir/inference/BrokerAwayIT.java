package dev.weir.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.broker.EmbeddedBroker;
import dev.weir.broker.EmbeddedBroker.Settings;
import dev.weir.contract.event.AdapterCatalog;
import dev.weir.contract.event.EventJson;
import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.AdapterRecord;
import dev.weir.contract.topic.Topics;
import dev.weir.inference.http.HttpContract;
import dev.weir.model.base.BaseModel;
import dev.weir.service.ops.Health;
import dev.weir.service.ops.Metrics;
import dev.weir.service.process.TopicProvisioner;
import dev.weir.store.artifact.FileArtifactStore;
import dev.weir.testing.TestingBaseModel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A broker of the test's own that goes away for good. */
@Timeout(300)
class BrokerAwayIT {

  private static final Duration SOON = Duration.ofSeconds(60);

  @TempDir Path directory;
  private final Topics topics = new Topics("away-");

  @Test
  void aBrokerThatGoesAwayTakesNoAnswerOverHttpAway() throws Exception {
    EmbeddedBroker broker =
        new EmbeddedBroker(new Settings(directory.resolve("kafka"), 0, Map.of()));
    broker.start();
    Map<String, Object> kafka = Map.of("bootstrap.servers", broker.bootstrapServers());
    Health health = new Health();
    FileArtifactStore store = new FileArtifactStore(directory.resolve("store"));
    try (broker;
        Metrics metrics = new Metrics();
        BaseModel base =
            BaseModel.load(TestingBaseModel.write(directory.resolve("base"), 1).toString());
        InferenceService service =
            new InferenceService(
                TestingConfig.of(
                    broker.bootstrapServers(),
                    topics,
                    AdapterCatalog.SENTIMENT,
                    directory.resolve("copies"),
                    64,
                    0,
                    "one"),
                metrics,
                health,
                base,
                store)) {
      health.bindTo(metrics.registry());
      try (Admin admin = Admin.create(kafka)) {
        new TopicProvisioner(admin, SOON).ensure(topics.all(1, (short) 1));
      }
      release(kafka, store, base);
      service.start();
      HttpContract client = new HttpContract(service.port());
      await()
          .atMost(SOON)
          .until(() -> client.get("/health/ready").statusCode() == 200 && health.ready());
      client.post("/v1/feedback", "{\"text\":\"fine\",\"label\":\"positive\"}", 202);

      broker.close();
      await().atMost(SOON).until(() -> status(client, "inference-adapters").equals("down"));
      // What was sent while it was there says nothing of now.
      client.post("/v1/feedback", "{\"text\":\"fine\",\"label\":\"positive\"}", 503);
      assertThat(status(client, "inference-feedback")).isEqualTo("down");

      JsonNode ready = client.get("/health/ready", 200);
      assertThat(ready.get("status").asText()).isEqualTo("up");
      assertThat(ready.at("/components/inference-adapters/required").asBoolean(true)).isFalse();
      assertThat(client.get("/health/live").statusCode()).isEqualTo(200);
      JsonNode answer = client.post("/v1/classify", "{\"text\":\"fine\"}", 200);
      assertThat(answer.at("/results/0/version").asInt()).isEqualTo(1);
      assertThat(metrics.scrape())
          .contains("weir_health_ready 1.0")
          .contains("weir_health_component{component=\"inference-adapters\"} 0.0");
    }
  }

  private static String status(HttpContract client, String component) throws Exception {
    JsonNode report = EventJson.mapper().readTree(client.get("/health/ready").body());
    return report.at("/components/" + component + "/status").asText();
  }

  private void release(Map<String, Object> kafka, FileArtifactStore store, BaseModel base)
      throws Exception {
    AdapterId id = new AdapterId("default", 1);
    String digest = TestingArtifacts.publish(store, base, id, "positive");
    var champion = TestingArtifacts.champion(id, digest);
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(kafka, new ByteArraySerializer(), new ByteArraySerializer())) {
      producer
          .send(
              new ProducerRecord<>(
                  topics.adapters(), AdapterRecord.key(champion), EventJson.write(champion)))
          .get();
    }
  }
}
