package dev.weir.curation.resolve;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.weir.common.event.InputPosition;
import dev.weir.curation.deadletter.Original;
import dev.weir.curation.deadletter.OriginalSerde;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.apache.kafka.common.serialization.BytesSerializer;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Feedback that came before its review or its answer, in two stores: the records by review id, and
 * their deadlines in order, so that neither look-up scans what it does not want.
 *
 * <pre>
 * by review:  id length | id | partition | offset  →  deadline | original
 * by deadline:  deadline | partition | offset      →  id
 * </pre>
 *
 * <p>Used by its task's thread only.
 */
final class WaitingFeedback {

  private final KeyValueStore<Bytes, byte[]> byReview;
  private final KeyValueStore<Bytes, byte[]> byDeadline;

  WaitingFeedback(KeyValueStore<Bytes, byte[]> byReview, KeyValueStore<Bytes, byte[]> byDeadline) {
    this.byReview = byReview;
    this.byDeadline = byDeadline;
  }

  void add(String reviewId, Original original, long deadlineMs) {
    byte[] record = OriginalSerde.write(original);
    byReview.put(
        reviewKey(reviewId, original.position()),
        ByteBuffer.allocate(Long.BYTES + record.length).putLong(deadlineMs).put(record).array());
    byDeadline.put(deadlineKey(deadlineMs, original.position()), reviewId.getBytes(UTF_8));
  }

  /** Shows all feedback that waits for one review, and forgets what {@code settled} accepts. */
  void settle(String reviewId, Predicate<Original> settled) {
    try (KeyValueIterator<Bytes, byte[]> waiting =
        byReview.prefixScan(reviewPrefix(reviewId), new BytesSerializer())) {
      while (waiting.hasNext()) {
        KeyValue<Bytes, byte[]> entry = waiting.next();
        ByteBuffer value = ByteBuffer.wrap(entry.value);
        long deadlineMs = value.getLong();
        Original original = OriginalSerde.read(value);
        if (settled.test(original)) {
          byReview.delete(entry.key);
          byDeadline.delete(deadlineKey(deadlineMs, original.position()));
        }
      }
    }
  }

  /**
   * Takes out feedback whose deadline is over, oldest first.
   *
   * @param limit at most so many at once: a transaction must not outgrow its time
   */
  void expire(long nowMs, int limit, Consumer<Original> expired) {
    Bytes from = Bytes.wrap(new byte[1]);
    Bytes to = Bytes.wrap(ByteBuffer.allocate(Long.BYTES).putLong(nowMs + 1).array());
    try (KeyValueIterator<Bytes, byte[]> due = byDeadline.range(from, to)) {
      for (int i = 0; i < limit && due.hasNext(); i++) {
        KeyValue<Bytes, byte[]> entry = due.next();
        byte[] deadline = entry.key.get();
        byte[] position = Arrays.copyOfRange(deadline, Long.BYTES, deadline.length);
        byDeadline.delete(entry.key);
        byte[] value = byReview.delete(reviewKey(entry.value, position));
        if (value != null) {
          ByteBuffer in = ByteBuffer.wrap(value, Long.BYTES, value.length - Long.BYTES);
          expired.accept(OriginalSerde.read(in));
        }
      }
    }
  }

  private static Bytes deadlineKey(long deadlineMs, InputPosition position) {
    return Bytes.wrap(
        ByteBuffer.allocate(2 * Long.BYTES + Integer.BYTES)
            .putLong(deadlineMs)
            .put(written(position))
            .array());
  }

  private static Bytes reviewKey(String reviewId, InputPosition position) {
    return reviewKey(reviewId.getBytes(UTF_8), written(position));
  }

  private static Bytes reviewKey(byte[] id, byte[] position) {
    return Bytes.wrap(
        ByteBuffer.allocate(Integer.BYTES + id.length + position.length)
            .putInt(id.length)
            .put(id)
            .put(position)
            .array());
  }

  private static Bytes reviewPrefix(String reviewId) {
    return reviewKey(reviewId.getBytes(UTF_8), new byte[0]);
  }

  private static byte[] written(InputPosition position) {
    return ByteBuffer.allocate(Integer.BYTES + Long.BYTES)
        .putInt(position.partition())
        .putLong(position.offset())
        .array();
  }
}
