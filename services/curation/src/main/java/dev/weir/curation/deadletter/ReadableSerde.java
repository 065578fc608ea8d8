package dev.weir.curation.deadletter;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.weir.contract.event.InputPosition;
import dev.weir.contract.event.Parsed.Reason;
import dev.weir.curation.deadletter.Screened.Refused;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import org.jspecify.annotations.Nullable;

/**
 * The serde of an internal topic, which never throws on bytes that somebody else wrote there: the
 * value becomes {@code null}, and the bytes travel in a header until {@link #refused} makes a dead
 * letter of them.
 *
 * @param <T> the topic's values
 */
public final class ReadableSerde<T> implements Serde<T> {

  private static final String BYTES = "weir.unreadable";
  private static final String WHY = "weir.unreadable.why";

  private final Serde<T> known;

  /** Reads and writes as {@code known} does. */
  public ReadableSerde(Serde<T> known) {
    this.known = known;
  }

  @Override
  public Serializer<T> serializer() {
    return known.serializer();
  }

  @Override
  @SuppressWarnings("NullAway") // Kafka's values may be null
  public Deserializer<T> deserializer() {
    Deserializer<T> reader = known.deserializer();
    return new Deserializer<>() {
      @Override
      public @Nullable T deserialize(String topic, byte[] bytes) {
        return reader.deserialize(topic, bytes);
      }

      @Override
      public @Nullable T deserialize(String topic, Headers headers, byte @Nullable [] bytes) {
        try {
          return reader.deserialize(topic, headers, bytes);
        } catch (RuntimeException e) {
          headers.add(BYTES, bytes);
          headers.add(WHY, e.toString().getBytes(UTF_8));
          return null;
        }
      }
    };
  }

  /** What becomes of a record whose value could not be read. */
  public static <T> Refused<T> refused(Record<String, ?> record, RecordMetadata at) {
    Header bytes = record.headers().lastHeader(BYTES);
    Header why = record.headers().lastHeader(WHY);
    Original original =
        Original.of(
            record.key() == null ? null : record.key().getBytes(UTF_8),
            bytes == null ? null : bytes.value(),
            new RecordHeaders(),
            new InputPosition(at.topic(), at.partition(), at.offset()),
            record.timestamp());
    String message =
        "an internal topic has a record that Weir cannot read ("
            + (why == null ? "no value" : new String(why.value(), UTF_8))
            + "); only Weir may write there, or a newer version did";
    return new Refused<>(original, Reason.INTERNAL_ERROR, message);
  }
}
