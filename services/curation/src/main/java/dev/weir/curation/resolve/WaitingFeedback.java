package dev.weir.curation.resolve;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.weir.contract.event.InputPosition;
import dev.weir.curation.deadletter.Original;
import dev.weir.curation.deadletter.OriginalSerde;
import io.micrometer.core.instrument.Counter;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.BytesSerializer;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Feedback that came before its review or its answer, in two stores: the records by review id, and
 * their deadlines in order, so that neither look-up scans what it does not want.
 *
 * <pre>
 * by review:  id length | id | partition | offset  →  deadline | original
 *             id length | id                       →  how many records wait for it
 *             0                                    →  how many wait in all | their bytes
 *             -2 | id                              →  the review came: settling goes on behind this
 *                                                     partition | offset; empty for the beginning
 * by deadline:  deadline | partition | offset      →  id
 * </pre>
 *
 * <p>What waits is bounded per review and in all, and no call looks at more than it is told to.
 * Used by its task's thread only.
 */
final class WaitingFeedback {

  private static final Logger LOG = LoggerFactory.getLogger(WaitingFeedback.class);

  /** As of a record whose producer set no time. */
  private static final long NO_TIME = -1;

  /** Records that may wait for one review. */
  static final int MAX_PER_REVIEW = 1000;

  /** Bytes that may wait in one task. */
  private static final long MAX_BYTES = 1L << 30;

  private static final int PENDING = -2;
  private static final Bytes TOTAL = Bytes.wrap(new byte[Integer.BYTES]);
  private static final byte[] BEGINNING = new byte[0];
  private static final int POSITION_BYTES = Integer.BYTES + Long.BYTES;

  private final KeyValueStore<Bytes, byte[]> byReview;
  private final KeyValueStore<Bytes, byte[]> byDeadline;
  private final int maxInAll;
  private final String feedbackTopic;
  private final Counter unread;

  /**
   * Over its stores.
   *
   * @param maxInAll records that may wait
   * @param feedbackTopic where all of them stood
   * @param unread counts what a later version left and this one passes over
   */
  WaitingFeedback(
      KeyValueStore<Bytes, byte[]> byReview,
      KeyValueStore<Bytes, byte[]> byDeadline,
      int maxInAll,
      String feedbackTopic,
      Counter unread) {
    this.byReview = byReview;
    this.byDeadline = byDeadline;
    this.maxInAll = maxInAll;
    this.feedbackTopic = feedbackTopic;
    this.unread = unread;
  }

  /** Lets a record wait; says why not when too much waits already, else {@code null}. */
  @Nullable String add(String reviewId, Original original, long deadlineMs) {
    long here = count(reviewId);
    if (here >= MAX_PER_REVIEW) {
      return "%d feedback records wait for review '%s' already, no more are kept; produce the review first"
          .formatted(here, reviewId);
    }
    byte[] record = OriginalSerde.write(original);
    ByteBuffer total = total();
    long all = total.getLong();
    long bytes = total.getLong();
    if (all >= maxInAll || bytes + record.length > MAX_BYTES) {
      return "%d feedback records of %d bytes wait for their reviews already, no more are kept; produce reviews before their feedback, or lower WEIR_CURATION_REVIEW_WAIT"
          .formatted(all, bytes);
    }
    byReview.put(
        reviewKey(reviewId, original.position()),
        ByteBuffer.allocate(Long.BYTES + record.length).putLong(deadlineMs).put(record).array());
    byDeadline.put(deadlineKey(deadlineMs, original.position()), reviewId.getBytes(UTF_8));
    setCount(reviewId, here + 1);
    setTotal(all + 1, bytes + record.length);
    return null;
  }

  /** Whether anything waits for a review. */
  boolean any(String reviewId) {
    if (byReview.get(reviewPrefix(reviewId)) != null) {
      return true;
    }
    // State of a version that did not count.
    try (KeyValueIterator<Bytes, byte[]> waiting =
        byReview.prefixScan(reviewPrefix(reviewId), new BytesSerializer())) {
      return waiting.hasNext();
    }
  }

  /**
   * Shows feedback that waits for one review, and forgets what {@code settled} accepts. What is
   * left over by the limit is shown by {@link #goOn}.
   */
  void settle(String reviewId, int limit, Predicate<Original> settled) {
    byte[] id = reviewId.getBytes(UTF_8);
    if (byReview.get(pendingKey(id)) != null) {
      byReview.put(pendingKey(id), BEGINNING);
    } else {
      int unused = settle(id, BEGINNING, limit, settled);
    }
  }

  /** Goes on settling where limits ended it; at most so many records. */
  void goOn(int limit, Predicate<Original> settled) {
    int left = limit;
    while (left > 0) {
      byte[] id;
      byte[] from;
      try (KeyValueIterator<Bytes, byte[]> pending =
          byReview.prefixScan(pendingKey(BEGINNING), new BytesSerializer())) {
        if (!pending.hasNext()) {
          return;
        }
        KeyValue<Bytes, byte[]> next = pending.next();
        byte[] key = next.key.get();
        id = Arrays.copyOfRange(key, Integer.BYTES, key.length);
        from = next.value;
      }
      left -= 1 + settle(id, from, left, settled);
    }
  }

  private int settle(byte[] id, byte[] from, int limit, Predicate<Original> settled) {
    int looked = 0;
    int gone = 0;
    long bytes = 0;
    byte[] last = null;
    byte[] end = new byte[POSITION_BYTES];
    Arrays.fill(end, (byte) -1);
    byte[] start = from.length == 0 ? new byte[POSITION_BYTES] : from;
    try (KeyValueIterator<Bytes, byte[]> waiting =
        byReview.range(reviewKey(id, start), reviewKey(id, end))) {
      while (waiting.hasNext()) {
        if (looked == limit) {
          break;
        }
        KeyValue<Bytes, byte[]> entry = waiting.next();
        byte[] key = entry.key.get();
        byte[] position = Arrays.copyOfRange(key, key.length - POSITION_BYTES, key.length);
        if (Arrays.equals(position, from)) {
          continue; // Looked at before.
        }
        last = position;
        looked++;
        ByteBuffer value = ByteBuffer.wrap(entry.value);
        long deadlineMs = value.getLong();
        Original original;
        try {
          original = OriginalSerde.read(value);
        } catch (RuntimeException e) {
          unread.increment();
          LOG.warn(
              "feedback {} waits on until its deadline: {}",
              position(feedbackTopic, position),
              e.toString());
          continue;
        }
        if (settled.test(original)) {
          byReview.delete(entry.key);
          byDeadline.delete(deadlineKey(deadlineMs, original.position()));
          gone++;
          bytes += entry.value.length - Long.BYTES;
        }
      }
      if (waiting.hasNext() && last != null) {
        byReview.put(pendingKey(id), last);
      } else if (byReview.get(pendingKey(id)) != null) {
        byReview.delete(pendingKey(id));
      }
    }
    forgotten(id, gone, bytes);
    return looked;
  }

  /**
   * Takes out feedback whose deadline is over, oldest first.
   *
   * @param limit at most so many at once: a transaction must not outgrow its time
   * @param unreadable takes what this version cannot read, its stored form as the value, and why
   * @return how many were taken out
   */
  int expire(
      long nowMs,
      int limit,
      Consumer<Original> expired,
      BiConsumer<Original, RuntimeException> unreadable) {
    List<KeyValue<Bytes, byte[]>> over = new ArrayList<>();
    Bytes from = Bytes.wrap(new byte[1]);
    Bytes to = Bytes.wrap(ByteBuffer.allocate(Long.BYTES).putLong(nowMs + 1).array());
    try (KeyValueIterator<Bytes, byte[]> due = byDeadline.range(from, to)) {
      while (over.size() < limit && due.hasNext()) {
        over.add(due.next());
      }
    }
    for (KeyValue<Bytes, byte[]> entry : over) {
      byte[] deadline = entry.key.get();
      byte[] position = Arrays.copyOfRange(deadline, Long.BYTES, deadline.length);
      byDeadline.delete(entry.key);
      byte[] value = byReview.delete(reviewKey(entry.value, position));
      if (value != null) {
        forgotten(entry.value, 1, value.length - Long.BYTES);
        show(position, Arrays.copyOfRange(value, Long.BYTES, value.length), expired, unreadable);
      }
    }
    return over.size();
  }

  private void show(
      byte[] position,
      byte[] record,
      Consumer<Original> expired,
      BiConsumer<Original, RuntimeException> unreadable) {
    Original original;
    try {
      original = OriginalSerde.read(ByteBuffer.wrap(record));
    } catch (RuntimeException e) {
      InputPosition at = position(feedbackTopic, position);
      unreadable.accept(Original.of(null, record, new RecordHeaders(), at, NO_TIME), e);
      return;
    }
    expired.accept(original);
  }

  private static InputPosition position(String topic, byte[] written) {
    ByteBuffer position = ByteBuffer.wrap(written);
    return new InputPosition(topic, position.getInt(), position.getLong());
  }

  private void forgotten(byte[] id, int records, long bytes) {
    if (records > 0) {
      String reviewId = new String(id, UTF_8);
      setCount(reviewId, count(reviewId) - records);
      ByteBuffer total = total();
      setTotal(total.getLong() - records, total.getLong() - bytes);
    }
  }

  private long count(String reviewId) {
    byte[] count = byReview.get(reviewPrefix(reviewId));
    return count == null ? 0 : ByteBuffer.wrap(count).getLong();
  }

  private void setCount(String reviewId, long count) {
    if (count > 0) {
      byReview.put(reviewPrefix(reviewId), ByteBuffer.allocate(Long.BYTES).putLong(count).array());
    } else {
      byReview.delete(reviewPrefix(reviewId));
    }
  }

  private ByteBuffer total() {
    byte[] total = byReview.get(TOTAL);
    return ByteBuffer.wrap(total == null ? new byte[2 * Long.BYTES] : total);
  }

  /** Never below zero: state of a version that did not count may be left. */
  private void setTotal(long records, long bytes) {
    byReview.put(
        TOTAL,
        ByteBuffer.allocate(2 * Long.BYTES)
            .putLong(Math.max(0, records))
            .putLong(Math.max(0, bytes))
            .array());
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

  private static Bytes pendingKey(byte[] id) {
    return Bytes.wrap(
        ByteBuffer.allocate(Integer.BYTES + id.length).putInt(PENDING).put(id).array());
  }

  private static byte[] written(InputPosition position) {
    return ByteBuffer.allocate(POSITION_BYTES)
        .putInt(position.partition())
        .putLong(position.offset())
        .array();
  }
}
