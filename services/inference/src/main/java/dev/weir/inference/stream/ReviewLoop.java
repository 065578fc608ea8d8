package dev.weir.inference.stream;

import dev.weir.inference.score.Classifier;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Moves reviews from one consumer through the scorers to one writer.
 *
 * <p>Reviews are handed to the scorers as they come, and what is scored is written and committed in
 * one transaction with all else that is: in the order of each partition, so that a long text holds
 * up its own partition alone. A transaction costs milliseconds whatever is in it: while reviews
 * wait for a scorer they take a third of the time at most, so that under load they grow instead of
 * following each other. While nothing more may be read the partitions are paused, and polling goes
 * on, so that the group keeps its member however long the scorers take. When partitions are
 * revoked, what is under way is finished and committed first, within half of {@code
 * max.poll.interval.ms}; what is not scored by then is dropped, unwritten, and read again by
 * whoever owns its partition. Belongs to the thread of its stream.
 */
final class ReviewLoop implements ConsumerRebalanceListener {

  private static final Logger LOG = LoggerFactory.getLogger(ReviewLoop.class);

  /** Records under way at most, in transactions' worth: one is written, the others are scored. */
  private static final int TRANSACTIONS_UNDER_WAY = 2;

  /** More records than this in a transaction are many: others will follow them at once. */
  private static final int FEW = 8;

  /** The pause after a transaction while reviews wait for a scorer, in times that it took. */
  private static final int REST = 2;

  /** The longest such pause: a broker that was slow once must not slow down what comes after. */
  private static final Duration LONGEST_REST = Duration.ofMillis(20);

  /** The pause while as much is under way as may be: then reviews wait for seconds anyway. */
  private static final Duration REST_UNDER_LOAD = Duration.ofMillis(100);

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
  private final int transactionRecords;
  private final List<ReviewBatch> underWay = new ArrayList<>();
  private final Semaphore scored = new Semaphore(0);
  private long writtenNanos = System.nanoTime();
  private long restNanos;
  private boolean rewind;
  private boolean paused;

  /**
   * A loop over clients that stay their owner's.
   *
   * @param maxPollInterval the consumer's limit between two polls
   * @param transactionRecords most records of one transaction; no poll returns more
   */
  ReviewLoop(
      KafkaConsumer<byte[], byte[]> consumer,
      AnswerWriter writer,
      Classifier classifier,
      BatchOutputs outputs,
      Duration maxPollInterval,
      int transactionRecords,
      Listener listener) {
    this.consumer = consumer;
    this.writer = writer;
    this.classifier = classifier;
    this.outputs = outputs;
    this.revocationPatience = maxPollInterval.dividedBy(2);
    this.transactionRecords = transactionRecords;
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
    underWay.addAll(ReviewBatch.of(records));
    submit(Duration.ZERO);
    if (!underWay.isEmpty()) {
      awaitScored(full() ? PAUSED_POLL : NOTICE);
      if (untilWrite() <= 0) {
        writeScored();
      }
    }
  }

  /** Writes everything under way, however long the scorers take. */
  void finish() throws InterruptedException {
    while (!underWay.isEmpty()) {
      submit(PAUSED_POLL);
      awaitScored(PAUSED_POLL);
      writeScored();
    }
  }

  private boolean full() {
    int records = underWay.stream().mapToInt(ReviewBatch::size).sum();
    return records >= TRANSACTIONS_UNDER_WAY * transactionRecords
        || underWay.stream().anyMatch(batch -> !batch.submitted());
  }

  /** Hands over what the scorers have room for, waiting for it once. */
  private void submit(Duration patience) throws InterruptedException {
    for (ReviewBatch batch : underWay) {
      if (!batch.submit(classifier, patience, scored::release)) {
        break; // In order: a later batch must not take the room of an earlier one.
      }
    }
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

  /** Waits until a batch is scored, and, if one is, until it may be written. */
  private void awaitScored(Duration patience) throws InterruptedException {
    long nanos = patience.toNanos();
    if (!writable().isEmpty()) {
      nanos = Math.min(nanos, untilWrite());
    }
    if (nanos > 0 && scored.tryAcquire(nanos, TimeUnit.NANOSECONDS)) {
      scored.drainPermits();
    }
  }

  /** What is scored, nothing before it in its partition that is not: a transaction's worth. */
  private List<ReviewBatch> writable() {
    List<ReviewBatch> batches = new ArrayList<>();
    Set<TopicPartition> held = new HashSet<>();
    int records = 0;
    for (ReviewBatch batch : underWay) {
      if (held.contains(batch.partition())) {
        continue;
      }
      boolean room = batches.isEmpty() || records + batch.size() <= transactionRecords;
      if (batch.scored() && room) {
        batches.add(batch);
        records += batch.size();
      } else {
        held.add(batch.partition());
      }
    }
    return batches;
  }

  /** Writes what is scored; after a failure nothing is under way and a rewind is due. */
  private void writeScored() throws InterruptedException {
    List<ReviewBatch> batches = writable();
    if (batches.isEmpty()) {
      return;
    }
    List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
    Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
    for (ReviewBatch batch : batches) {
      records.addAll(outputs.records(batch, batch.answers()));
      offsets.put(batch.partition(), batch.nextOffset());
    }
    underWay.removeAll(batches);
    long began = System.nanoTime();
    try {
      writer.write(records, offsets, consumer);
      listener.written();
    } catch (KafkaException e) {
      drop();
      listener.failed(batches + " were not written and will be read again", e);
    }
    long now = System.nanoTime();
    boolean busy = records.size() > FEW || classifier.reviewsWait();
    writtenNanos = now;
    restNanos = busy ? Math.min(REST * (now - began), LONGEST_REST.toNanos()) : 0;
  }

  /**
   * How long nothing may be written yet, in nanoseconds; asked anew each time, so that the last
   * answers of a burst do not wait for companions that will not come.
   */
  private long untilWrite() {
    long rest = full() ? REST_UNDER_LOAD.toNanos() : restNanos;
    return writtenNanos + rest - System.nanoTime();
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
        submit(left);
        awaitScored(left);
        writeScored();
        if (left.isZero() && !underWay.isEmpty()) {
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
