package dev.weir.inference.stream;

import dev.weir.common.event.EventReader;
import dev.weir.common.event.InputPosition;
import dev.weir.common.event.Parsed;
import dev.weir.common.event.Parsed.Accepted;
import dev.weir.common.event.Parsed.Rejected;
import dev.weir.common.event.Review;
import dev.weir.inference.score.Answer;
import dev.weir.inference.score.Classifier;
import dev.weir.inference.score.Classifier.Tokenised;
import dev.weir.inference.score.Source;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * One partition's records of one poll on their way through the scorers: written and committed
 * together, or not at all.
 *
 * <p>Belongs to the thread of its stream.
 */
final class ReviewBatch {

  /** A record that is a review. */
  record Good(ConsumerRecord<byte[], byte[]> record, Review review) {}

  /** A record that is none. */
  record Bad(ConsumerRecord<byte[], byte[]> record, Rejected<Review> why) {}

  private final List<Good> good = new ArrayList<>();
  private final List<Bad> bad = new ArrayList<>();
  private final TopicPartition partition;
  private final OffsetAndMetadata nextOffset;
  private final long readAtNanos = System.nanoTime();
  private @Nullable Tokenised tokenised;
  private @Nullable CompletableFuture<List<Answer>> answers;

  private ReviewBatch(TopicPartition partition, OffsetAndMetadata nextOffset) {
    this.partition = partition;
    this.nextOffset = nextOffset;
  }

  /** Parses what a poll returned: a batch per partition, for each has an order of its own. */
  static List<ReviewBatch> of(ConsumerRecords<byte[], byte[]> records) {
    List<ReviewBatch> batches = new ArrayList<>();
    for (TopicPartition partition : records.partitions()) {
      // The poll knows where to go on, control records of foreign transactions included.
      OffsetAndMetadata next = Objects.requireNonNull(records.nextOffsets().get(partition));
      ReviewBatch batch = new ReviewBatch(partition, next);
      records.records(partition).forEach(batch::add);
      batches.add(batch);
    }
    return batches;
  }

  private void add(ConsumerRecord<byte[], byte[]> record) {
    Parsed<Review> parsed = EventReader.review(record.key(), record.value(), position(record));
    if (parsed instanceof Accepted<Review> accepted) {
      good.add(new Good(record, accepted.event()));
    } else if (parsed instanceof Rejected<Review> rejected) {
      bad.add(new Bad(record, rejected));
    }
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
      answers = classifier.offer(Source.KAFKA, tokenised, patience).orElse(null);
      if (answers != null) {
        CompletableFuture<List<Answer>> unused =
            answers.whenComplete((done, problem) -> scored.run());
      }
    }
    return answers != null;
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
   * @throws IllegalStateException if they are not all there
   */
  List<Answer> answers() {
    if (answers == null || !answers.isDone()) {
      throw new IllegalStateException(this + " are not scored yet");
    }
    try {
      return answers.join();
    } catch (CompletionException e) {
      // Failures of the model are answers, too: only a defect gets here.
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
