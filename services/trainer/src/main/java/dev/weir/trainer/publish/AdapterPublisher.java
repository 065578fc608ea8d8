package dev.weir.trainer.publish;

import dev.weir.contract.event.EventJson;
import dev.weir.contract.release.AdapterRecord;
import dev.weir.contract.release.Champion;
import dev.weir.contract.release.Release;
import dev.weir.contract.topic.Topics;
import dev.weir.service.kafka.KafkaClients;
import dev.weir.service.trace.Tracing;
import dev.weir.store.artifact.ArtifactStore;
import dev.weir.store.artifact.StoreException;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.binder.kafka.KafkaClientMetrics;
import io.opentelemetry.api.trace.Span;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RecordTooLargeException;

/**
 * Makes a decision known: the artifact first, then release, champion and the batch's offset in one
 * transaction. A promoted version that a pin holds back has an artifact and becomes no champion.
 *
 * <p>The consumer group's metadata goes along even when the offset does not move: a trainer that
 * has lost the batch's partition is fenced and cannot announce anything. A crash between the two
 * leaves an artifact without a record, which the next attempt adopts. Owned by the loop's thread.
 */
public final class AdapterPublisher implements AutoCloseable {

  /** A dead trainer's open transaction hides later records from readers for this long. */
  private static final int TRANSACTION_TIMEOUT_MS = 10_000;

  private final ArtifactStore store;
  private final Topics topics;
  private final Producer<byte[], byte[]> producer;
  private final KafkaClientMetrics clientMetrics;

  /** A publisher to one cluster; connects at once. */
  public AdapterPublisher(
      Map<String, Object> kafka, Topics topics, ArtifactStore store, MeterRegistry meters) {
    this.store = store;
    this.topics = topics;
    Map<String, Object> properties = new HashMap<>(kafka);
    properties.put(
        ProducerConfig.TRANSACTIONAL_ID_CONFIG,
        topics.prefix() + "weir-trainer-" + UUID.randomUUID());
    properties.put(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG, TRANSACTION_TIMEOUT_MS);
    properties.put(ProducerConfig.ACKS_CONFIG, "all");
    properties.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, TRANSACTION_TIMEOUT_MS);
    properties.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, TRANSACTION_TIMEOUT_MS / 2);
    properties.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, Topics.MAX_MESSAGE_BYTES);
    properties.put(ProducerConfig.RETRY_BACKOFF_MS_CONFIG, 2);
    properties.put(ProducerConfig.RETRY_BACKOFF_MAX_MS_CONFIG, 20);
    producer = KafkaClients.producer(properties);
    clientMetrics = new KafkaClientMetrics(producer, List.of(Tag.of("role", "releases")));
    clientMetrics.bindTo(meters);
    try {
      producer.initTransactions();
    } catch (KafkaException e) {
      clientMetrics.close();
      producer.close(Duration.ZERO);
      throw e;
    }
  }

  /**
   * Publishes a decision.
   *
   * @param offset the batch topic's next offset to read from after this
   * @param group the consumer's, taken now
   * @param span what the records belong to, for those who trace
   * @throws KafkaException if nothing was announced; fatal ones need a new publisher
   * @throws StoreException if the artifact could not be stored; nothing was announced
   */
  public void publish(
      Announcement announcement,
      TopicPartition partition,
      OffsetAndMetadata offset,
      ConsumerGroupMetadata group,
      Span span) {
    Release release = announcement.release();
    if (announcement.promoted() && announcement.staged() != null) {
      String digest = store.publish(release.id(), announcement.staged());
      if (!digest.equals(release.digest())) {
        throw new StoreException(
            "digest-mismatch",
            "the store has %s under digest %s, it was staged with %s; check who else writes there"
                .formatted(release.id(), digest, release.digest()),
            null);
      }
    }
    transaction(
        () -> {
          send(AdapterRecord.key(release), release, span);
          if (announcement.serves()) {
            Champion champion =
                new Champion(
                    release.adapter(),
                    release.version(),
                    Objects.requireNonNull(release.digest()),
                    release.createdAt(),
                    announcement.servedBefore());
            send(AdapterRecord.key(champion), champion, span);
          }
        },
        partition,
        offset,
        group);
  }

  /** Moves the batch topic's offset only: all that was to be said of a batch has been said. */
  public void pass(
      TopicPartition partition, OffsetAndMetadata offset, ConsumerGroupMetadata group) {
    transaction(() -> {}, partition, offset, group);
  }

  private void transaction(
      Runnable sends,
      TopicPartition partition,
      OffsetAndMetadata offset,
      ConsumerGroupMetadata group) {
    producer.beginTransaction();
    try {
      sends.run();
      producer.sendOffsetsToTransaction(Map.of(partition, offset), group);
      producer.commitTransaction();
    } catch (RuntimeException e) {
      try {
        producer.abortTransaction();
      } catch (KafkaException again) {
        e.addSuppressed(again);
      }
      throw e;
    }
  }

  /** Whether a record is more than the topic takes: another try would fail in the same way. */
  public static boolean tooLarge(Throwable fault) {
    for (Throwable cause = fault; cause != null; cause = cause.getCause()) {
      if (cause instanceof RecordTooLargeException) {
        return true;
      }
    }
    return false;
  }

  private void send(byte[] key, Object value, Span span) {
    ProducerRecord<byte[], byte[]> record =
        new ProducerRecord<>(topics.adapters(), key, EventJson.write(value));
    Tracing.into(span, record.headers());
    // A failed send fails the commit: the future says nothing more.
    var unused = producer.send(record);
  }

  @Override
  public void close() {
    clientMetrics.close();
    producer.close(Duration.ofSeconds(5));
  }
}
