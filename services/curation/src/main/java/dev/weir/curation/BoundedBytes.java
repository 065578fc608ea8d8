package dev.weir.curation;

import dev.weir.curation.deadletter.Letter;
import java.nio.ByteBuffer;
import java.util.Set;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.Deserializer;
import org.jspecify.annotations.Nullable;

/**
 * Takes over a record's bytes from the consumer, and of a key or value of the input topics that is
 * too large only the beginning.
 *
 * <p>A topic's limit is on compressed bytes: 7 MB there may be more than a gigabyte here, and Kafka
 * Streams buffers by number of records. {@link BoundedRecords} says of the record what was cut.
 * Stateless.
 */
final class BoundedBytes implements Deserializer<byte[]> {

  private final Set<String> inputs;

  BoundedBytes(Set<String> inputs) {
    this.inputs = inputs;
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
    if (data == null) {
      return null;
    }
    int size = data.remaining();
    boolean cut = size > Letter.MAX_BYTES && inputs.contains(topic);
    byte[] bytes = new byte[cut ? Letter.EXCERPT_BYTES : size];
    data.duplicate().get(bytes);
    return bytes;
  }
}
