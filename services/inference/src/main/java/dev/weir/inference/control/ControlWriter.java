package dev.weir.inference.control;

import dev.weir.contract.event.EventJson;
import dev.weir.contract.release.AdapterRecord;
import dev.weir.contract.release.Champion;
import dev.weir.contract.release.ServingPlan;
import dev.weir.contract.topic.Topics;
import dev.weir.inference.control.ControlException.Kind;
import dev.weir.inference.release.AdapterWatcher;
import dev.weir.inference.release.AnnouncedAdapters;
import dev.weir.service.kafka.KafkaClients;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.UnaryOperator;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads what holds for an adapter, changes it, and writes it back, as if there were one writer.
 *
 * <p>All replicas use one transactional id. Opening the producer ends what another replica had
 * begun and fences it; what holds is read after that, up to the topic's end, and the commit fails
 * if somebody opened after us. So no change is made to a state that another change has replaced,
 * and a champion and a plan that belong together are seen together. The trainer is no such writer:
 * between its champion and ours the later record wins, and a pin holds against either. One change
 * at a time; blocks for seconds at most.
 */
final class ControlWriter {

  private static final Logger LOG = LoggerFactory.getLogger(ControlWriter.class);

  private static final int TIMEOUT_MS = 10_000;

  /** A trainer that died within its transaction hides the topic's end for ten seconds. */
  private static final Duration READ_TIMEOUT = Duration.ofSeconds(15);

  private static final int TRIES = 5;

  private final Map<String, Object> kafka;
  private final String topic;
  private final String transactionalId;
  private final AdapterWatcher watcher;
  private final AnnouncedAdapters announced;

  ControlWriter(
      Map<String, Object> kafka,
      Topics topics,
      AdapterWatcher watcher,
      AnnouncedAdapters announced) {
    this.kafka = Map.copyOf(kafka);
    this.topic = topics.adapters();
    this.transactionalId = topics.prefix() + "weir-control";
    this.watcher = watcher;
    this.announced = announced;
  }

  /**
   * Changes what holds for an adapter.
   *
   * @param change asked with what holds now; throws to refuse; may be asked again
   * @throws ControlException what {@code change} throws, or {@code broker-unavailable}
   */
  synchronized ControlResult change(String adapter, UnaryOperator<Change> change) {
    for (int attempt = 1; ; attempt++) {
      try (KafkaProducer<byte[], byte[]> producer = open()) {
        producer.initTransactions();
        awaitRead(end());
        Change before =
            new Change(announced.champion(adapter).orElse(null), announced.plan(adapter));
        Change after = change.apply(before);
        if (!after.equals(before)) {
          awaitRead(write(producer, before, after) + 1);
        }
        return new ControlResult(adapter, !after.equals(before), after.champion(), after.plan());
      } catch (ProducerFencedException | InvalidProducerEpochException e) {
        LOG.info("another replica changes an adapter at the same time; attempt {}", attempt);
        if (attempt == TRIES) {
          throw new ControlException(
              Kind.UNAVAILABLE,
              "contended",
              "other replicas changed adapters %d times meanwhile; send it again".formatted(TRIES),
              e);
        }
      } catch (KafkaException | ExecutionException | TimeoutException e) {
        throw unavailable(e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw unavailable(e);
      }
    }
  }

  /** Writes what differs; the offset of the last record. */
  private long write(KafkaProducer<byte[], byte[]> producer, Change before, Change after)
      throws ExecutionException, InterruptedException {
    producer.beginTransaction();
    Future<RecordMetadata> last = null;
    ServingPlan plan = after.plan();
    if (!plan.equals(before.plan())) {
      last = producer.send(record(AdapterRecord.key(plan), plan));
    }
    Champion champion = after.champion();
    if (champion != null && !champion.equals(before.champion())) {
      last = producer.send(record(AdapterRecord.key(champion), champion));
    }
    producer.commitTransaction();
    return Objects.requireNonNull(last).get().offset();
  }

  private ProducerRecord<byte[], byte[]> record(byte[] key, Object value) {
    return new ProducerRecord<>(topic, key, EventJson.write(value));
  }

  /**
   * The topic's end, open transactions included.
   *
   * @throws ControlException if it lies before what was read: the topic was made anew, and what is
   *     known here is of the old one
   */
  private long end() throws ExecutionException, InterruptedException, TimeoutException {
    long known = watcher.readUpTo();
    long end = askForEnd();
    if (end < known) {
      throw new ControlException(
          Kind.UNAVAILABLE,
          "adapters-not-read",
          "the adapters topic ends at %d, and offset %d was read: it was made anew and is read again; send it again in some seconds"
              .formatted(end, known));
    }
    return end;
  }

  private long askForEnd() throws ExecutionException, InterruptedException, TimeoutException {
    TopicPartition partition = new TopicPartition(topic, 0);
    try (Admin admin = Admin.create(kafka)) {
      return admin
          .listOffsets(
              Map.of(partition, OffsetSpec.latest()),
              new ListOffsetsOptions(IsolationLevel.READ_UNCOMMITTED).timeoutMs(TIMEOUT_MS))
          .partitionResult(partition)
          .get(TIMEOUT_MS, TimeUnit.MILLISECONDS)
          .offset();
    }
  }

  private void awaitRead(long offset) throws InterruptedException {
    if (!watcher.awaitRead(offset, READ_TIMEOUT)) {
      throw new ControlException(
          Kind.UNAVAILABLE,
          "adapters-not-read",
          "the adapters topic was not read to offset %d within %d s; check that the broker runs, and send it again"
              .formatted(offset, READ_TIMEOUT.toSeconds()));
    }
  }

  private KafkaProducer<byte[], byte[]> open() {
    Map<String, Object> properties = new HashMap<>(kafka);
    properties.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, transactionalId);
    properties.put(ProducerConfig.CLIENT_ID_CONFIG, "weir-inference-control");
    properties.put(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG, TIMEOUT_MS);
    properties.put(ProducerConfig.ACKS_CONFIG, "all");
    properties.put(ProducerConfig.LINGER_MS_CONFIG, 0);
    properties.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, TIMEOUT_MS);
    properties.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, TIMEOUT_MS / 2);
    properties.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, TIMEOUT_MS);
    properties.put(ProducerConfig.RETRY_BACKOFF_MS_CONFIG, 2);
    properties.put(ProducerConfig.RETRY_BACKOFF_MAX_MS_CONFIG, 20);
    return KafkaClients.producer(properties);
  }

  private static ControlException unavailable(Exception cause) {
    return new ControlException(
        Kind.UNAVAILABLE,
        "broker-unavailable",
        "Kafka did not confirm the change: " + cause.getMessage() + "; send it again later",
        cause);
  }
}
