package dev.weir.contract.topic;

import dev.weir.contract.event.EventJson;
import java.io.UncheckedIOException;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serializer;
import org.jspecify.annotations.Nullable;

/**
 * Kafka's serde for one event type in its JSON form; {@code null} stays {@code null} (a tombstone).
 *
 * @param <T> the event
 */
public final class EventSerde<T> implements Serde<T> {

  private final Class<T> type;

  /** A serde for {@code type}. */
  public EventSerde(Class<T> type) {
    this.type = type;
  }

  @Override
  @SuppressWarnings("NullAway") // Kafka's tombstones are null values
  public Serializer<T> serializer() {
    return (topic, event) -> event == null ? null : EventJson.write(event);
  }

  @Override
  @SuppressWarnings("NullAway") // Kafka's tombstones are null values
  public Deserializer<T> deserializer() {
    return (topic, bytes) -> read(topic, bytes);
  }

  private @Nullable T read(String topic, byte @Nullable [] bytes) {
    if (bytes == null) {
      return null;
    }
    try {
      return EventJson.read(bytes, type);
    } catch (UncheckedIOException e) {
      throw new SerializationException("a record of " + topic + " is " + e.getMessage(), e);
    }
  }
}
