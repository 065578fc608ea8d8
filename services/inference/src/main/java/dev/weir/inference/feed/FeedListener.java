package dev.weir.inference.feed;

import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Gets a topic's records on the feed's thread, which it must not hold up. */
public interface FeedListener {

  /**
   * Its place is known: every record that is written from now on will come. Called once, before any
   * record.
   *
   * @param resume its place, for {@link TopicFeed#listen}
   */
  void opened(String resume);

  /**
   * Records before the next one do not come: there were more of them than a listener that comes
   * back gets.
   *
   * @param offsets how many offsets were passed over; at least the number of records
   */
  void skipped(long offsets);

  /**
   * One committed record.
   *
   * @param resume where to go on after it, for {@link TopicFeed#listen}
   */
  void record(String resume, ConsumerRecord<byte[], byte[]> record);
}
