package dev.weir.inference.http.events;

import dev.weir.inference.feed.TopicFeed;
import io.vertx.core.buffer.Buffer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * A feed that clients may listen to. Thread-safe.
 *
 * <p>A record is encoded once, however many listen: each of them gets the same buffer.
 */
public final class EventSource {

  private final String name;
  private final TopicFeed feed;
  private final EventFrame.Naming naming;
  private volatile @Nullable Encoded last;

  private record Encoded(ConsumerRecord<byte[], byte[]> record, @Nullable Buffer data) {}

  /**
   * A feed under a name.
   *
   * @param name the feed's name in {@code ?feeds=} and in the ids of events
   * @param feed the topic
   * @param naming what its records are called as events
   */
  public EventSource(String name, TopicFeed feed, EventFrame.Naming naming) {
    this.name = name;
    this.feed = feed;
    this.naming = naming;
  }

  /** The feed's name in the address. */
  public String name() {
    return name;
  }

  TopicFeed feed() {
    return feed;
  }

  /** A record as an event without its id, which nobody may change; null where it is no event. */
  @Nullable Buffer data(ConsumerRecord<byte[], byte[]> record) {
    Encoded known = last;
    if (known != null && known.record() == record) {
      return known.data();
    }
    String called = naming.name(record);
    Buffer data = called == null ? null : EventFrame.data(called, record);
    last = new Encoded(record, data);
    return data;
  }
}
