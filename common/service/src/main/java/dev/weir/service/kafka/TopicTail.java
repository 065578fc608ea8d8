package dev.weir.service.kafka;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.binder.kafka.KafkaClientMetrics;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the whole of a topic from its beginning, committed records only, each time up to where its
 * end was.
 *
 * <p>The end is the high watermark, not the last stable offset: a transaction that is being
 * committed by somebody who died counts as well, and is waited for. Owned by the thread that calls
 * it; whoever made it closes it.
 */
public final class TopicTail implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(TopicTail.class);
  private static final Duration POLL = Duration.ofMillis(50);

  private final String topic;
  private final Duration timeout;
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final Admin admin;
  private final KafkaClientMetrics clientMetrics;
  private final Set<TopicPartition> assigned = new HashSet<>();
  private Runnable whenReplaced = () -> {};
  private @Nullable Uuid topicId;

  /**
   * A tail at the topic's beginning.
   *
   * @param kafka client properties
   * @param timeout how long {@link #catchUp} tries
   * @param role what it reads for, a label of the consumer's metrics
   */
  public TopicTail(
      Map<String, Object> kafka,
      String topic,
      Duration timeout,
      String role,
      MeterRegistry meters) {
    this.topic = topic;
    this.timeout = timeout;
    this.consumer = KafkaClients.consumer(KafkaClients.readingAlone(kafka));
    this.admin = Admin.create(new HashMap<>(kafka));
    this.clientMetrics = new KafkaClientMetrics(consumer, List.of(Tag.of("role", role)));
    clientMetrics.bindTo(meters);
  }

  /**
   * What to do when the topic was deleted and made anew, restored or cut short: the reader forgets
   * what it has read, for the topic is read again from its beginning.
   */
  public void whenReplaced(Runnable forget) {
    whenReplaced = forget;
  }

  /** Hands over all records up to the present end. */
  public void catchUp(Consumer<ConsumerRecord<byte[], byte[]>> each) {
    catchUp(each, () -> false);
  }

  /**
   * Hands over all records up to the present end, or fewer when nothing comes and there are enough.
   *
   * <p>What {@code each} throws ends it. The record that it threw at, and all behind it, are handed
   * over by the next call.
   *
   * @throws KafkaException if the broker does not answer in time, or there is no such topic
   */
  public void catchUp(Consumer<ConsumerRecord<byte[], byte[]>> each, BooleanSupplier enough) {
    long deadline = System.nanoTime() + timeout.toNanos();
    assign();
    Map<TopicPartition, Long> ends = ends();
    if (beyond(ends)) {
      replaced("is shorter than it was");
      assign();
      ends = ends();
    }
    while (behind(ends)) {
      if (System.nanoTime() > deadline) {
        throw new TimeoutException(
            "topic %s was not read to its end within %d s; is a producer's transaction open for long?"
                .formatted(topic, timeout.toSeconds()));
      }
      var records = consumer.poll(POLL);
      handOver(records, each);
      if (records.isEmpty() && enough.getAsBoolean()) {
        return;
      }
    }
  }

  private void handOver(
      ConsumerRecords<byte[], byte[]> records, Consumer<ConsumerRecord<byte[], byte[]>> each) {
    Map<TopicPartition, Long> left = new HashMap<>();
    for (TopicPartition partition : records.partitions()) {
      left.put(partition, records.records(partition).get(0).offset());
    }
    boolean all = false;
    try {
      for (ConsumerRecord<byte[], byte[]> record : records) {
        each.accept(record);
        left.put(new TopicPartition(record.topic(), record.partition()), record.offset() + 1);
      }
      all = true;
    } finally {
      if (!all) {
        left.forEach((partition, offset) -> consumer.seek(partition, (long) offset));
      }
    }
  }

  /** The offset behind the last record read, by partition. */
  public Map<TopicPartition, Long> positions() {
    Map<TopicPartition, Long> positions = new HashMap<>();
    assigned.forEach(partition -> positions.put(partition, consumer.position(partition, timeout)));
    return positions;
  }

  /** Takes up partitions that were added, and a topic that was made anew. */
  private void assign() {
    TopicDescription described = TopicLook.at(admin, topic, timeout);
    Uuid known = topicId;
    if (known != null && !known.equals(described.topicId())) {
      replaced("was deleted and made anew");
    }
    topicId = described.topicId();
    Set<TopicPartition> present = new HashSet<>();
    for (TopicPartitionInfo partition : described.partitions()) {
      present.add(new TopicPartition(topic, partition.partition()));
    }
    Set<TopicPartition> added = new HashSet<>(present);
    added.removeAll(assigned);
    if (!added.isEmpty()) {
      assigned.addAll(added);
      consumer.assign(assigned);
      consumer.seekToBeginning(added);
    }
  }

  private void replaced(String how) {
    LOG.warn(
        "topic {} {}; what it said is forgotten and it is read from its beginning", topic, how);
    assigned.clear();
    consumer.unsubscribe();
    whenReplaced.run();
  }

  /** Whether more was read than there is. */
  private boolean beyond(Map<TopicPartition, Long> ends) {
    for (Map.Entry<TopicPartition, Long> end : ends.entrySet()) {
      if (consumer.position(end.getKey(), timeout) > end.getValue()) {
        return true;
      }
    }
    return false;
  }

  private boolean behind(Map<TopicPartition, Long> ends) {
    for (Map.Entry<TopicPartition, Long> end : ends.entrySet()) {
      if (consumer.position(end.getKey(), timeout) < end.getValue()) {
        return true;
      }
    }
    return false;
  }

  private Map<TopicPartition, Long> ends() {
    Map<TopicPartition, OffsetSpec> latest = new HashMap<>();
    assigned.forEach(partition -> latest.put(partition, OffsetSpec.latest()));
    try {
      Map<TopicPartition, ListOffsetsResultInfo> found =
          admin
              .listOffsets(latest, new ListOffsetsOptions(IsolationLevel.READ_UNCOMMITTED))
              .all()
              .get(timeout.toMillis(), TimeUnit.MILLISECONDS);
      Map<TopicPartition, Long> ends = new HashMap<>();
      found.forEach((partition, info) -> ends.put(partition, info.offset()));
      return ends;
    } catch (ExecutionException e) {
      throw new KafkaException("the end of topic " + topic + " is not known", e.getCause());
    } catch (java.util.concurrent.TimeoutException e) {
      throw new TimeoutException("the end of topic " + topic + " is not known in time", e);
    } catch (InterruptedException e) {
      throw new InterruptException(e);
    }
  }

  @Override
  public void close() {
    clientMetrics.close();
    consumer.close();
    admin.close(Duration.ofSeconds(1));
  }
}
