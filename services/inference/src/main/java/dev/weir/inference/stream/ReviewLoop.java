package dev.weir.inference.stream;

import dev.weir.inference.score.Classifier;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Moves reviews from one consumer through the scorers to one writer.
 *
 * <p>Two polls are under way at most: one is written while the other one is scored. While nothing
 * more may be read the partitions are paused, and polling goes on, so that the group keeps its
 * member however long the scorers take. When partitions are revoked, what is under way is finished
 * and committed first, within half of {@code max.poll.interval.ms}; what is not scored by then is
 * dropped, unwritten, and read again by whoever owns its partition. Belongs to the thread of its
 * stream.
 */
final class ReviewLoop implements ConsumerRebalanceListener {

  private static final Logger LOG = LoggerFactory.getLogger(ReviewLoop.class);

  private static final int BATCHES_UNDER_WAY = 2;
  private static final Duration IDLE_POLL = Duration.ofMillis(200);

  /** How soon new reviews are noticed while others are being scored. */
  private static final Duration NOTICE = Duration.ofMillis(2);

  /** Between two polls that only serve the group. */
  private static final Duration PAUSED_POLL = Duration.ofMillis(50);

  private static final Duration COMMITTED_TIMEOUT = Duration.ofSeconds(10);

  /** Learns how the loop fares; called on its thread. */
  interface Listener {

    /** A batch was written and committed. */
    void written();

    /** A batch was not; it is read again after this returns. */
    void failed(String what, KafkaException cause) throws InterruptedException;
  }

  private final KafkaConsumer<byte[], byte[]> consumer;
  private final AnswerWriter writer;
  private final Classifier classifier;
  private final BatchOutputs outputs;
  private final Duration revocationPatience;
  private final Listener listener;
  private final Deque<ReviewBatch> underWay = new ArrayDeque<>();
  private boolean rewind;
  private boolean paused;

  /**
   * A loop over clients that stay their owner's.
   *
   * @param maxPollInterval the consumer's limit between two polls
   */
  ReviewLoop(
      KafkaConsumer<byte[], byte[]> consumer,
      AnswerWriter writer,
      Classifier classifier,
      BatchOutputs outputs,
      Duration maxPollInterval,
      Listener listener) {
    this.consumer = consumer;
    this.writer = writer;
    this.classifier = classifier;
    this.outputs = outputs;
    this.revocationPatience = maxPollInterval.dividedBy(2);
    this.listener = listener;
  }

  /** Polls once and writes what is scored; returns after a fraction of a second. */
  void step() throws InterruptedException {
    if (rewind && !rewound()) {
      pause(true);
      consumer.poll(Duration.ZERO); // Keeps the member in the group until the broker is back.
      return;
    }
    pause(full());
    ConsumerRecords<byte[], byte[]> records =
        consumer.poll(underWay.isEmpty() ? IDLE_POLL : Duration.ZERO);
    if (rewind) {
      return; // Lost or failed inside the poll: these records are read again with the others.
    }
    if (!records.isEmpty()) {
      underWay.add(ReviewBatch.of(records));
    }
    for (ReviewBatch batch : underWay) {
      if (!batch.submit(classifier, Duration.ZERO)) {
        break; // In order: a later batch must not take the room of an earlier one.
      }
    }
    ReviewBatch first = underWay.peek();
    if (first != null && awaitScored(first, full() ? PAUSED_POLL : NOTICE)) {
      writeFirst();
    }
  }

  /** Writes everything under way, however long the scorers take. */
  void finish() throws InterruptedException {
    while (!underWay.isEmpty()) {
      if (awaitScored(underWay.element(), PAUSED_POLL)) {
        writeFirst();
      }
    }
  }

  private boolean full() {
    return underWay.size() >= BATCHES_UNDER_WAY
        || underWay.stream().anyMatch(batch -> !batch.submitted());
  }

  /** Holds back what the partitions have, or no longer does; records already fetched are kept. */
  private void pause(boolean pause) {
    if (pause) {
      consumer.pause(consumer.assignment());
    } else if (paused) {
      consumer.resume(consumer.paused());
    }
    if (pause != paused) {
      LOG.debug(
          "{} reading; {} batches are under way", pause ? "pausing" : "resuming", underWay.size());
    }
    paused = pause;
  }

  private boolean awaitScored(ReviewBatch batch, Duration patience) throws InterruptedException {
    return batch.submit(classifier, patience) && batch.awaitScored(patience);
  }

  /** Writes the oldest batch; after a failure nothing is under way and a rewind is due. */
  private void writeFirst() throws InterruptedException {
    ReviewBatch batch = underWay.remove();
    try {
      writer.write(outputs.records(batch, batch.answers()), batch.offsets(), consumer);
      listener.written();
    } catch (KafkaException e) {
      drop();
      listener.failed(batch + " were not written and will be read again", e);
    }
  }

  private void drop() {
    underWay.clear();
    rewind = true;
  }

  /** Goes back to what is committed; false when that cannot be known now. */
  private boolean rewound() throws InterruptedException {
    try {
      // A producer that was given up may have left a transaction open, and until that is settled
      // the broker does not say what is committed.
      writer.open();
      Set<TopicPartition> assignment = consumer.assignment();
      Map<TopicPartition, OffsetAndMetadata> committed =
          consumer.committed(assignment, COMMITTED_TIMEOUT);
      for (TopicPartition partition : assignment) {
        OffsetAndMetadata offset = committed.get(partition);
        if (offset == null) {
          consumer.seekToBeginning(List.of(partition));
        } else {
          consumer.seek(partition, offset);
        }
      }
      rewind = false;
      return true;
    } catch (WakeupException e) {
      throw e;
    } catch (KafkaException e) {
      listener.failed("what is committed is not known", e);
      return false;
    }
  }

  @Override
  public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
    LOG.info("assigned {}", partitions);
    if (paused) {
      consumer.pause(partitions);
    }
  }

  @Override
  public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
    LOG.info("revoked {}; finishing {} batches first", partitions, underWay.size());
    long deadline = System.nanoTime() + revocationPatience.toNanos();
    try {
      while (!underWay.isEmpty()) {
        Duration left = Duration.ofNanos(Math.max(0, deadline - System.nanoTime()));
        if (awaitScored(underWay.element(), left)) {
          writeFirst();
        } else if (left.isZero()) {
          LOG.warn(
              "{} batches were not scored within {} ms, half of max.poll.interval.ms; giving their"
                  + " partitions up without them, they are read again",
              underWay.size(),
              revocationPatience.toMillis());
          drop();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void onPartitionsLost(Collection<TopicPartition> partitions) {
    LOG.warn("lost {}; dropping {} batches, they are read again", partitions, underWay.size());
    drop();
  }
}
