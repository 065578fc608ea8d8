package dev.weir.curation;

import dev.weir.curation.deadletter.Letter;
import dev.weir.curation.deadletter.Original;
import dev.weir.curation.meter.CurationMeters;
import dev.weir.curation.validate.Cut;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Bounds what the records of one poll hold: of one over {@link Letter#MAX_BYTES}, key, value and
 * headers together, the headers are left out, and of key and value, where that is not enough, all
 * but the beginning. What is cut says so in a header ({@link Cut}).
 *
 * <p>Here and not in a deserializer: Kafka calls none for a key or value that is {@code null}, and
 * its headers can be taken out one name at a time only, which takes a look at all others.
 * Thread-safe.
 */
final class BoundedRecords {

  private static final Logger LOG = LoggerFactory.getLogger(BoundedRecords.class);

  private final Set<String> inputs;
  private final MeterRegistry registry;

  BoundedRecords(Set<String> inputs, MeterRegistry registry) {
    this.inputs = inputs;
    this.registry = registry;
  }

  /** The same records, each within its bounds. */
  ConsumerRecords<byte[], byte[]> of(ConsumerRecords<byte[], byte[]> polled) {
    Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> bounded = new LinkedHashMap<>();
    for (TopicPartition partition : polled.partitions()) {
      List<ConsumerRecord<byte[], byte[]>> records = polled.records(partition);
      bounded.put(
          partition,
          inputs.contains(partition.topic())
              ? records.stream().map(this::bounded).toList()
              : records);
    }
    return new ConsumerRecords<>(bounded, polled.nextOffsets());
  }

  private ConsumerRecord<byte[], byte[]> bounded(ConsumerRecord<byte[], byte[]> record) {
    long headers = Original.sizeBytes(record.headers());
    int key = Math.max(0, record.serializedKeySize());
    int value = Math.max(0, record.serializedValueSize());
    if (headers + key + value <= Letter.MAX_BYTES) {
      Cut.unmark(record.headers());
      return record;
    }
    boolean whole = (long) key + value <= Letter.MAX_BYTES;
    Headers mark = new RecordHeaders();
    Cut.mark(
        mark, "a key of %d, a value of %d and headers of %d bytes".formatted(key, value, headers));
    CurationMeters.CUT.counter(registry, record.topic()).increment();
    LOG.debug(
        "{}-{}@{} has {} bytes; only a part is read",
        record.topic(),
        record.partition(),
        record.offset(),
        headers + key + value);
    return with(
        record,
        whole ? record.key() : beginning(record.key()),
        whole ? record.value() : beginning(record.value()),
        mark);
  }

  @SuppressWarnings("NullAway") // Kafka's keys and values may be null
  private static ConsumerRecord<byte[], byte[]> with(
      ConsumerRecord<byte[], byte[]> record,
      byte @Nullable [] key,
      byte @Nullable [] value,
      Headers headers) {
    return new ConsumerRecord<>(
        record.topic(),
        record.partition(),
        record.offset(),
        record.timestamp(),
        record.timestampType(),
        record.serializedKeySize(),
        record.serializedValueSize(),
        key,
        value,
        headers,
        record.leaderEpoch());
  }

  private static byte @Nullable [] beginning(byte @Nullable [] bytes) {
    return bytes == null || bytes.length <= Letter.EXCERPT_BYTES
        ? bytes
        : Arrays.copyOf(bytes, Letter.EXCERPT_BYTES);
  }
}
