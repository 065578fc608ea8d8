package dev.weir.inference.stream;

import dev.weir.contract.event.EventReader;
import dev.weir.contract.event.InputPosition;
import dev.weir.contract.event.Parsed;
import dev.weir.contract.event.Parsed.Accepted;
import dev.weir.contract.event.Parsed.Rejected;
import dev.weir.contract.event.Review;
import dev.weir.inference.score.Answer;
import dev.weir.inference.score.Caller;
import dev.weir.inference.score.Classifier;
import dev.weir.inference.score.Classifier.Tokenised;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One partition's records of one poll on their way through the scorers: written and committed
 * together, or not at all.
 *
 * <p>Belongs to the thread of its stream.
 */
final class ReviewBatch {

  private static final Logger LOG = LoggerFactory.getLogger(ReviewBatch.class);

  /**
   * What a record may take, headers included. The longest text that is accepted, with every
   * character escaped, is well below it; more would only cost memory, and time to parse.
   */
  static final int MOST_RECORD_BYTES = 640 << 10;

  private static final int STUB_BYTES = 1024;

  /** A batch that is not scored by then holds up its own partition alone. */
  private static final long STANDING_NANOS = 5_000_000_000L;

  /** A record that is a review. */
  record Good(ConsumerRecord<byte[], byte[]> record, Review review) {}

  /**
   * A record that is none.
   *
   * @param reason stable code
   * @param cause what was thrown, or {@code null}
   */
  record Bad(
      ConsumerRecord<byte[], byte[]> record,
      String reason,
      String message,
      @Nullable RuntimeException cause) {}

  private final List<Good> good = new ArrayList<>();
  private final List<Bad> bad = new ArrayList<>();
  private final TopicPartition partition;
  private final OffsetAndMetadata nextOffset;
  private final Caller caller;
  private final long readAtNanos = System.nanoTime();
  private long bytes;
  private @Nullable Tokenised tokenised;
  private @Nullable CompletableFuture<List<Answer>> answers;

  private ReviewBatch(TopicPartition partition, OffsetAndMetadata nextOffset) {
    this.partition = partition;
    this.nextOffset = nextOffset;
    this.caller = Caller.kafka(partition.toString());
  }

  /** Parses what polls returned: a batch per partition, for each has an order of its own. */
  static List<ReviewBatch> of(List<ConsumerRecords<byte[], byte[]>> polls) {
    Map<TopicPartition, OffsetAndMetadata> next = new LinkedHashMap<>();
    // The poll knows where to go on, control records of foreign transactions included.
    polls.forEach(
        poll -> poll.partitions().forEach(each -> next.put(each, nextOffset(poll, each))));
    List<ReviewBatch> batches = new ArrayList<>();
    next.forEach(
        (partition, offset) -> {
          ReviewBatch batch = new ReviewBatch(partition, offset);
          polls.forEach(poll -> poll.records(partition).forEach(batch::add));
          batches.add(batch);
        });
    return batches;
  }

  private static OffsetAndMetadata nextOffset(
      ConsumerRecords<byte[], byte[]> poll, TopicPartition partition) {
    return Objects.requireNonNull(poll.nextOffsets().get(partition));
  }

  private void add(ConsumerRecord<byte[], byte[]> record) {
    long size = size(record);
    if (size > MOST_RECORD_BYTES) {
      bad.add(tooLarge(record, size));
      return;
    }
    bytes += size;
    try {
      Parsed<Review> parsed = EventReader.review(record.key(), record.value(), position(record));
      if (parsed instanceof Accepted<Review> accepted) {
        good.add(new Good(record, accepted.event()));
      } else if (parsed instanceof Rejected<Review> rejected) {
        bad.add(new Bad(record, rejected.reason().code(), rejected.message(), null));
      }
    } catch (RuntimeException e) {
      LOG.error("{} cannot be read: a defect", position(record), e);
      bad.add(
          new Bad(
              record,
              Answer.Failed.INTERNAL_ERROR,
              "reading this record failed, a defect: " + e,
              e));
    }
  }

  /**
   * A stub of it, with the first {@link #STUB_BYTES} of key and value: its bytes are let go of at
   * once, for some hundred such records would not fit into memory.
   */
  private static Bad tooLarge(ConsumerRecord<byte[], byte[]> record, long size) {
    ConsumerRecord<byte[], byte[]> stub =
        new ConsumerRecord<>(
            record.topic(),
            record.partition(),
            record.offset(),
            record.timestamp(),
            record.timestampType(),
            Math.min(STUB_BYTES, record.serializedKeySize()),
            Math.min(STUB_BYTES, record.serializedValueSize()),
            beginning(record.key()),
            beginning(record.value()),
            new RecordHeaders(),
            record.leaderEpoch());
    return new Bad(
        stub,
        Parsed.Reason.RECORD_TOO_LARGE.code(),
        "the record has %d bytes, at most %d are accepted; this is its beginning, all of it stays at %s"
            .formatted(size, MOST_RECORD_BYTES, position(record)),
        null);
  }

  private static byte @Nullable [] beginning(byte @Nullable [] bytes) {
    return bytes == null || bytes.length <= STUB_BYTES ? bytes : Arrays.copyOf(bytes, STUB_BYTES);
  }

  private static long size(ConsumerRecord<byte[], byte[]> record) {
    long size = Math.max(0, record.serializedKeySize());
    size += Math.max(0, record.serializedValueSize());
    for (Header header : record.headers()) {
      size += header.key().length() + (header.value() == null ? 0 : header.value().length);
    }
    return size;
  }

  static InputPosition position(ConsumerRecord<byte[], byte[]> record) {
    return new InputPosition(record.topic(), record.partition(), record.offset());
  }

  private List<Review> reviews() {
    return good.stream().map(Good::review).toList();
  }

  List<Good> good() {
    return good;
  }

  List<Bad> bad() {
    return bad;
  }

  TopicPartition partition() {
    return partition;
  }

  /** The next offset to read: what to commit. */
  OffsetAndMetadata nextOffset() {
    return nextOffset;
  }

  /** The bytes of the records that it keeps. */
  long bytes() {
    return bytes;
  }

  /** Its first record's offset. */
  long firstOffset() {
    long first = Long.MAX_VALUE;
    if (!good.isEmpty()) {
      first = good.get(0).record().offset();
    }
    return bad.isEmpty() ? first : Math.min(first, bad.get(0).record().offset());
  }

  /** Whether the scorers have had it for so long that its partition must not hold up others. */
  boolean standing() {
    return submitted() && !scored() && System.nanoTime() - readAtNanos > STANDING_NANOS;
  }

  /** How many records. */
  int size() {
    return good.size() + bad.size();
  }

  /**
   * Hands the reviews to the scorers unless they have them, waiting at most {@code patience} for
   * room.
   *
   * @param scored called on any thread when the answers are there
   * @return whether they have them
   */
  boolean submit(Classifier classifier, Duration patience, Runnable scored)
      throws InterruptedException {
    if (answers == null) {
      if (tokenised == null) {
        tokenised = classifier.tokenise(reviews()); // Once, however often the queue is full.
      }
      answers = classifier.offer(caller, tokenised, patience).orElse(null);
      if (answers != null) {
        CompletableFuture<List<Answer>> unused =
            answers.whenComplete((done, problem) -> scored.run());
      }
    }
    return answers != null;
  }

  /** Has the scorers drop the reviews: nobody waits for the answers any more. */
  void leave(Classifier classifier) {
    classifier.leave(caller);
  }

  /** Whether the scorers have, or had, the reviews. */
  boolean submitted() {
    return answers != null;
  }

  /** Whether the answers are there. */
  boolean scored() {
    return answers != null && answers.isDone();
  }

  /**
   * The answers to {@link #good}, in its order.
   *
   * @throws IllegalStateException if they are not all there, or never will be: the service closes
   */
  List<Answer> answers() {
    if (answers == null || !answers.isDone()) {
      throw new IllegalStateException(this + " are not scored yet");
    }
    try {
      return answers.join();
    } catch (CompletionException e) {
      // Failures of the model are answers, too, or wait until it works: this is a defect, or the
      // end.
      throw new IllegalStateException("scoring " + this + " failed", e.getCause());
    }
  }

  double latencyMs() {
    return (System.nanoTime() - readAtNanos) / 1e6;
  }

  @Override
  public String toString() {
    Optional<InputPosition> first = good.stream().map(each -> position(each.record())).findFirst();
    return "%d reviews and %d bad records from %s"
        .formatted(good.size(), bad.size(), first.map(Object::toString).orElse("…"));
  }
}
