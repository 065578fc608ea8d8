package dev.weir.curation;

import dev.weir.curation.deadletter.Letter;
import dev.weir.curation.meter.CurationMeters;
import dev.weir.curation.validate.Cut;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Set;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.Deserializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes over a record's bytes from the consumer, and of a record of the input topics that is too
 * large only the beginning.
 *
 * <p>A topic's limit is on compressed bytes: 7 MB there may be more than a gigabyte here, and Kafka
 * Streams buffers by number of records. What is cut says so in a header ({@link Cut}). Owned by one
 * consumer, like every deserializer.
 */
final class BoundedBytes implements Deserializer<byte[]> {

  private static final Logger LOG = LoggerFactory.getLogger(BoundedBytes.class);

  private final Set<String> inputs;
  private final boolean isKey;
  private final MeterRegistry registry;

  BoundedBytes(Set<String> inputs, boolean isKey, MeterRegistry registry) {
    this.inputs = inputs;
    this.isKey = isKey;
    this.registry = registry;
  }

  @Override
  @SuppressWarnings("NullAway") // Kafka's keys and values may be null
  public byte @Nullable [] deserialize(String topic, byte @Nullable [] data) {
    return data;
  }

  @Override
  @SuppressWarnings("NullAway") // Kafka's keys and values may be null
  public byte @Nullable [] deserialize(String topic, Headers headers, byte @Nullable [] data) {
    return deserialize(topic, headers, data == null ? null : ByteBuffer.wrap(data));
  }

  @Override
  @SuppressWarnings("NullAway") // Kafka's keys and values may be null
  public byte @Nullable [] deserialize(String topic, Headers headers, @Nullable ByteBuffer data) {
    boolean bounded = inputs.contains(topic);
    if (bounded && isKey) {
      boundHeaders(topic, headers);
    }
    if (data == null) {
      return null;
    }
    int size = data.remaining();
    int kept = size;
    if (bounded && size > Letter.MAX_BYTES) {
      kept = Letter.EXCERPT_BYTES;
      Cut.mark(headers, (isKey ? "key of " : "value of ") + size + " bytes");
      count(topic, size);
    }
    byte[] bytes = new byte[kept];
    data.duplicate().get(bytes);
    return bytes;
  }

  private void boundHeaders(String topic, Headers headers) {
    long bytes = 0;
    for (Header header : headers) {
      bytes += header.key().length() + (header.value() == null ? 0 : header.value().length);
    }
    if (bytes > Letter.MAX_BYTES) {
      Arrays.stream(headers.toArray()).map(Header::key).distinct().forEach(headers::remove);
      Cut.mark(headers, "headers of " + bytes + " bytes");
      count(topic, bytes);
    }
  }

  private void count(String topic, long bytes) {
    CurationMeters.CUT.counter(registry, topic).increment();
    LOG.debug("{} has a record with {} bytes; only its beginning is read", topic, bytes);
  }
}
