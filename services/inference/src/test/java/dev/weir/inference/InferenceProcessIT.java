package dev.weir.inference;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.Review;
import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.AdapterRecord;
import dev.weir.contract.topic.Topics;
import dev.weir.model.base.BaseModel;
import dev.weir.service.process.TopicProvisioner;
import dev.weir.store.artifact.FileArtifactStore;
import dev.weir.testing.TestBroker;
import dev.weir.testing.TestingBaseModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The service as a process of its own, which gets signals. */
@Timeout(900)
class InferenceProcessIT {

  private static final Duration SOON = Duration.ofMinutes(4);
  private static final int REVIEWS = 4_000;

  @TempDir Path directory;
  private final Topics topics = new Topics(TestBroker.uniquePrefix());
  private final List<Process> processes = new ArrayList<>();

  @Test
  void sigtermFinishesThePollsUnderWayAndTheNextProcessGoesOn() throws Exception {
    try (Admin admin = TestBroker.admin()) {
      new TopicProvisioner(admin, SOON).ensure(topics.all(2, (short) 1));
    }
    release();
    produce();
    Process first = start();
    await("reviews committed")
        .atMost(SOON)
        .ignoreExceptionsInstanceOf(ExecutionException.class)
        .until(() -> committed() > 0 || !first.isAlive());
    stop(first);
    assertThat(committed()).isPositive();

    Process second = start();
    await("all reviews committed")
        .atMost(SOON)
        .ignoreExceptionsInstanceOf(ExecutionException.class)
        .until(() -> committed() == REVIEWS || !second.isAlive());
    stop(second);

    Map<String, Integer> answers = new HashMap<>();
    for (ConsumerRecord<byte[], byte[]> each :
        TestBroker.readAll(topics.classifications(), REVIEWS, SOON)) {
      answers.merge(new String(each.key(), UTF_8), 1, Integer::sum);
    }
    assertThat(answers).hasSize(REVIEWS).allSatisfy((id, count) -> assertThat(count).isOne());
  }

  @AfterEach
  void kill() {
    processes.forEach(Process::destroyForcibly);
  }

  private void stop(Process process) throws InterruptedException {
    process.destroy(); // SIGTERM
    assertThat(process.waitFor(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(this::logs).isZero();
  }

  private String logs() {
    StringBuilder logs = new StringBuilder();
    for (int i = 0; i < processes.size(); i++) {
      try {
        logs.append(Files.readString(log(i)));
      } catch (IOException e) {
        logs.append(e);
      }
    }
    return logs.toString();
  }

  private Path log(int process) {
    return directory.resolve("process-" + process + ".log");
  }

  private Process start() throws IOException {
    Path log = log(processes.size());
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx512m",
            "-Dai.djl.offline=true",
            "-DOPT_OUT_TRACKING=true",
            "-cp",
            System.getProperty("java.class.path"),
            InferenceMain.class.getName());
    builder
        .environment()
        .putAll(
            Map.of(
                "WEIR_BOOTSTRAP_SERVERS", TestBroker.bootstrapServers(),
                "WEIR_TOPIC_PREFIX", topics.prefix(),
                "WEIR_BASE_MODEL", directory.resolve("base").toString(),
                "WEIR_STORE_DIR", directory.resolve("store").toString(),
                "WEIR_SERVE_CACHE_DIR", directory.resolve("cache").toString(),
                "WEIR_HTTP_PORT", "0",
                "WEIR_SERVE_POLL_RECORDS", "32",
                "WEIR_SERVE_STREAMS", "2"));
    Process process = builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
    processes.add(process);
    return process;
  }

  private void release() throws Exception {
    AdapterId id = new AdapterId("default", 1);
    try (BaseModel base =
            BaseModel.load(TestingBaseModel.write(directory.resolve("base"), 1).toString());
        KafkaProducer<byte[], byte[]> producer = producer()) {
      FileArtifactStore store = new FileArtifactStore(directory.resolve("store"));
      String digest = TestingArtifacts.publish(store, base, id, "positive");
      var champion = TestingArtifacts.champion(id, digest);
      producer
          .send(
              new ProducerRecord<>(
                  topics.adapters(), AdapterRecord.key(champion), EventJson.write(champion)))
          .get();
    }
  }

  private void produce() throws ExecutionException, InterruptedException {
    try (KafkaProducer<byte[], byte[]> producer = producer()) {
      Future<RecordMetadata> last = null;
      for (int i = 0; i < REVIEWS; i++) {
        byte[] key = ("r" + i).getBytes(UTF_8);
        byte[] value = EventJson.write(Review.of("r" + i, "a film worth watching " + i));
        last = producer.send(new ProducerRecord<>(topics.reviews(), key, value));
      }
      producer.flush();
      last.get();
    }
  }

  /** Reviews that the group has committed: the topic has no other records and no markers. */
  private long committed() throws ExecutionException, InterruptedException {
    try (Admin admin = TestBroker.admin()) {
      Map<TopicPartition, OffsetAndMetadata> offsets =
          admin
              .listConsumerGroupOffsets(topics.prefix() + "weir-inference")
              .partitionsToOffsetAndMetadata()
              .get();
      return offsets.values().stream().mapToLong(each -> each == null ? 0 : each.offset()).sum();
    }
  }

  private static KafkaProducer<byte[], byte[]> producer() {
    return new KafkaProducer<>(
        Map.of("bootstrap.servers", TestBroker.bootstrapServers()),
        new ByteArraySerializer(),
        new ByteArraySerializer());
  }
}
