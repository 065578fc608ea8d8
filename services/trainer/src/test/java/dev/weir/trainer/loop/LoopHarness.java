package dev.weir.trainer.loop;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.Example;
import dev.weir.contract.event.TrainingBatch;
import dev.weir.contract.release.AdapterRecord;
import dev.weir.contract.release.Champion;
import dev.weir.contract.release.Release;
import dev.weir.contract.release.ServingPlan;
import dev.weir.contract.topic.Topics;
import dev.weir.model.base.BaseModel;
import dev.weir.service.config.Setting;
import dev.weir.service.config.Settings;
import dev.weir.service.ops.Health;
import dev.weir.service.ops.Metrics;
import dev.weir.service.process.CommonSettings;
import dev.weir.store.artifact.ArtifactStore;
import dev.weir.store.artifact.FileArtifactStore;
import dev.weir.testing.TestBroker;
import dev.weir.trainer.config.TrainerConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.function.UnaryOperator;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.Utils;
import org.awaitility.Awaitility;

/** A trainer service on a real broker with topics of its own, and what a test does to it. */
final class LoopHarness implements AutoCloseable {

  static final Duration TIMEOUT = Duration.ofSeconds(60);
  private static final int BATCH_PARTITIONS = 2;

  final Topics topics = new Topics(TestBroker.uniquePrefix());
  final Health health = new Health();
  final Metrics metrics = new Metrics();
  final Path storeDir;
  private final BaseModel base;
  private final Map<String, String> variables = new HashMap<>();
  private final KafkaProducer<byte[], byte[]> producer;
  private TrainerService service;

  LoopHarness(BaseModel base, Path storeDir, String... settings) {
    this.base = base;
    this.storeDir = storeDir;
    TestBroker.createTopics(BATCH_PARTITIONS, topics.examples(), topics.trainingBatches());
    TestBroker.createTopics(1, topics.adapters(), topics.trainingEvents());
    variables.put("WEIR_BOOTSTRAP_SERVERS", TestBroker.bootstrapServers());
    variables.put("WEIR_TOPIC_PREFIX", topics.prefix());
    variables.put("WEIR_STORE_DIR", storeDir.toString());
    variables.put("WEIR_TRAIN_EPOCHS", "2");
    variables.put("WEIR_TRAIN_LEARNING_RATE", "0.005");
    variables.put("WEIR_TRAIN_THREADS", "1");
    variables.put("WEIR_TRAIN_BACKOFF", "20ms");
    variables.putIfAbsent("WEIR_TRAIN_PASS_OVER", "0");
    set(settings);
    producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", TestBroker.bootstrapServers()),
            new ByteArraySerializer(),
            new ByteArraySerializer());
  }

  /** Sets variables for the next start. */
  void set(String... settings) {
    for (String setting : settings) {
      String[] halves = setting.split("=", 2);
      variables.put(halves[0], halves[1]);
    }
  }

  /** What a trainer of this harness reads its settings from. */
  Map<String, String> variables() {
    return Map.copyOf(variables);
  }

  TrainerConfig config() {
    List<Setting<?>> declared = new ArrayList<>(CommonSettings.all());
    declared.addAll(TrainerConfig.settings());
    return TrainerConfig.from(Settings.read(declared, variables));
  }

  void start() {
    start(new FileArtifactStore(storeDir));
  }

  void start(ArtifactStore store) {
    start(base, store);
  }

  void start(BaseModel model, ArtifactStore store) {
    service = new TrainerService(config(), metrics, health, model, store);
    service.start();
  }

  void stop() {
    service.close();
  }

  void produce(List<Example> examples) {
    for (Example example : examples) {
      send(topics.examples(), example.key(), EventJson.write(example));
    }
  }

  void produce(TrainingBatch batch) {
    send(topics.trainingBatches(), batch.adapter(), EventJson.write(batch));
  }

  void produce(ServingPlan plan) {
    send(topics.adapters(), new String(AdapterRecord.key(plan), UTF_8), EventJson.write(plan));
  }

  void send(String topic, String key, byte[] value) {
    try {
      producer.send(new ProducerRecord<>(topic, key.getBytes(UTF_8), value)).get();
    } catch (InterruptedException | ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Waits for so many releases; the topic's whole content. */
  List<Release> awaitReleases(int count) {
    int records = count;
    while (true) {
      List<AdapterRecord> read = read(records);
      List<Release> releases =
          read.stream()
              .filter(AdapterRecord.Released.class::isInstance)
              .map(record -> ((AdapterRecord.Released) record).release())
              .toList();
      if (releases.size() >= count) {
        return releases;
      }
      records = read.size() + 1;
    }
  }

  /** Waits for the release of a batch, among whatever else is on the topic. */
  Release awaitRelease(String batchId) {
    int records = 1;
    while (true) {
      List<AdapterRecord> read = read(records);
      Optional<Release> release =
          read.stream()
              .filter(AdapterRecord.Released.class::isInstance)
              .map(record -> ((AdapterRecord.Released) record).release())
              .filter(each -> batchId.equals(each.batchId()))
              .findFirst();
      if (release.isPresent()) {
        return release.get();
      }
      records = Math.max(records, read.size()) + 1;
    }
  }

  /** The champions announced so far, oldest first. */
  List<Champion> champions(int atLeast) {
    return read(atLeast).stream()
        .filter(AdapterRecord.Crowned.class::isInstance)
        .map(record -> ((AdapterRecord.Crowned) record).champion())
        .toList();
  }

  private List<AdapterRecord> read(int atLeast) {
    List<AdapterRecord> records = new ArrayList<>();
    for (ConsumerRecord<byte[], byte[]> record :
        TestBroker.readAll(topics.adapters(), atLeast, TIMEOUT)) {
      try {
        AdapterRecord.read(record.key(), record.value()).ifPresent(records::add);
      } catch (RuntimeException hostile) {
        assertThat(hostile).isNotNull(); // A test's own bad record; the trainer is not asked here.
      }
    }
    return records;
  }

  /** The group's committed offsets, summed: how many batches are done with. */
  long batchesDone() {
    try (var admin = TestBroker.admin()) {
      return admin
          .listConsumerGroupOffsets(topics.prefix() + "weir-trainer")
          .partitionsToOffsetAndMetadata()
          .get()
          .entrySet()
          .stream()
          .filter(entry -> isBatches(entry.getKey()) && entry.getValue() != null)
          .mapToLong(entry -> entry.getValue().offset())
          .sum();
    } catch (InterruptedException | ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  /** What stands beside the group's committed offsets, where it is not empty. */
  List<String> notes() {
    return committed().values().stream()
        .map(OffsetAndMetadata::metadata)
        .filter(note -> !note.isEmpty())
        .toList();
  }

  /** Writes another note beside each committed offset; no trainer may be running. */
  void note(String note) {
    alter(offset -> new OffsetAndMetadata(offset.offset(), note));
  }

  /** Has the topic of adapters take records up to so many bytes only. */
  void limitReleases(int bytes) {
    ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, topics.adapters());
    ConfigEntry limit = new ConfigEntry("max.message.bytes", Integer.toString(bytes));
    try (var admin = TestBroker.admin()) {
      admin
          .incrementalAlterConfigs(
              Map.of(topic, List.of(new AlterConfigOp(limit, AlterConfigOp.OpType.SET))))
          .all()
          .get();
    } catch (InterruptedException | ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Deletes the topic of batches and makes it anew, under the trainer's feet. */
  void remakeTopicOfBatches() {
    try (var admin = TestBroker.admin()) {
      admin.deleteTopics(List.of(topics.trainingBatches())).all().get();
      Awaitility.await()
          .atMost(TIMEOUT)
          .until(() -> !admin.listTopics().names().get().contains(topics.trainingBatches()));
    } catch (InterruptedException | ExecutionException e) {
      throw new IllegalStateException(e);
    }
    TestBroker.createTopics(BATCH_PARTITIONS, topics.trainingBatches());
  }

  /** Has the group pass over the next batch of an adapter; no trainer may be running. */
  void forgetBatch(String adapter) {
    int partition = Utils.toPositive(Utils.murmur2(adapter.getBytes(UTF_8))) % BATCH_PARTITIONS;
    Map<TopicPartition, OffsetAndMetadata> next = new HashMap<>();
    TopicPartition of = new TopicPartition(topics.trainingBatches(), partition);
    OffsetAndMetadata before = committed().get(of);
    next.put(of, new OffsetAndMetadata(before == null ? 1 : before.offset() + 1));
    alter(next);
  }

  private void alter(UnaryOperator<OffsetAndMetadata> change) {
    Map<TopicPartition, OffsetAndMetadata> changed = new HashMap<>();
    committed().forEach((partition, offset) -> changed.put(partition, change.apply(offset)));
    alter(changed);
  }

  private void alter(Map<TopicPartition, OffsetAndMetadata> offsets) {
    try (var admin = TestBroker.admin()) {
      admin.alterConsumerGroupOffsets(topics.prefix() + "weir-trainer", offsets).all().get();
    } catch (InterruptedException | ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  private Map<TopicPartition, OffsetAndMetadata> committed() {
    try (var admin = TestBroker.admin()) {
      Map<TopicPartition, OffsetAndMetadata> offsets =
          new HashMap<>(
              admin
                  .listConsumerGroupOffsets(topics.prefix() + "weir-trainer")
                  .partitionsToOffsetAndMetadata()
                  .get());
      offsets.values().removeIf(java.util.Objects::isNull);
      return offsets;
    } catch (InterruptedException | ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  private boolean isBatches(TopicPartition partition) {
    return partition.topic().equals(topics.trainingBatches());
  }

  @Override
  public void close() {
    if (service != null) {
      service.close();
    }
    producer.close(Duration.ofSeconds(1));
    metrics.close();
  }
}
