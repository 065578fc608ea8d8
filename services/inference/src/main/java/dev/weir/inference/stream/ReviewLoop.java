package dev.weir.inference.stream;

import dev.weir.inference.score.Classifier;
import dev.weir.inference.stream.BatchOutputs.Output;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.CorruptRecordException;
import org.apache.kafka.common.errors.InvalidTimestampException;
import org.apache.kafka.common.errors.RecordBatchTooLargeException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
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
 * on, so that the group keeps its member however long the scorers take; a batch that waits for
 * seconds, as for a version that is out of order, holds back its own partition alone. A transaction
 * that fails for what is in it is halved until the record at fault is alone, and that is a dead
 * letter. When partitions are revoked, what is under way is finished and committed first, within
 * half of {@code max.poll.interval.ms}; what is not scored by then is dropped, unwritten, and read
 * again by whoever owns its partition. Belongs to the thread of its stream.
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

  /** Bytes of records that are held at most, but for those of one poll of the client. */
  private static final long MOST_BYTES = 16L << 20;

  /** How long closing waits for the scorers. */
  private static final Duration FINISH_PATIENCE = Duration.ofSeconds(15);

  private static final Duration COMMITTED_TIMEOUT = Duration.ofSeconds(10);

  /** Learns how the loop fares; called on its thread. */
  interface Listener {

    /** A batch was written and committed, or there is nothing to write. */
    void progressed();

    /** A batch was not; it is read again after this returns. */
    void failed(String what, RuntimeException cause) throws InterruptedException;

    /** The partition that has gone longest without a commit although it has reviews, or null. */
    void standing(@Nullable Standstill longest);
  }

  /**
   * A partition that has reviews read and none of them committed.
   *
   * @param partition the partition
   * @param offset the first review that is not committed
   * @param sinceNanos since when, by {@link System#nanoTime}
   */
  record Standstill(TopicPartition partition, long offset, long sinceNanos) {

    long nanos() {
      return System.nanoTime() - sinceNanos;
    }

    long seconds() {
      return nanos() / 1_000_000_000L;
    }

    @Override
    public String toString() {
      return "%s@%d has waited for its answer for %d s".formatted(partition, offset, seconds());
    }
  }

  /** Neighbouring records of a partition that are written and committed together. */
  private record Slice(TopicPartition partition, List<Output> outputs, OffsetAndMetadata next) {

    Slice first() {
      ConsumerRecord<byte[], byte[]> then = outputs.get(outputs.size() / 2).record();
      return new Slice(
          partition,
          outputs.subList(0, outputs.size() / 2),
          new OffsetAndMetadata(then.offset(), then.leaderEpoch(), ""));
    }

    Slice second() {
      return new Slice(partition, outputs.subList(outputs.size() / 2, outputs.size()), next);
    }

    Slice with(ProducerRecord<byte[], byte[]> deadLetter) {
      Output only = new Output(outputs.get(0).record(), List.of(deadLetter));
      return new Slice(partition, List.of(only), next);
    }
  }

  private final KafkaConsumer<byte[], byte[]> consumer;
  private final AnswerWriter writer;
  private final Classifier classifier;
  private final BatchOutputs outputs;
  private final Duration revocationPatience;
  private final Listener listener;
  private final int transactionRecords;
  private final int pollRecords;
  private final List<ReviewBatch> underWay = new ArrayList<>();
  private final Semaphore scored = new Semaphore(0);
  private long writtenNanos = System.nanoTime();
  private long restNanos;
  private final Map<TopicPartition, Standstill> standstills = new HashMap<>();

  /** What was polled since the last step and is not under way yet. */
  private final List<ConsumerRecords<byte[], byte[]>> polled = new ArrayList<>();

  private boolean rewind;
  private boolean allPaused;
  private Set<TopicPartition> paused = Set.of();

  /**
   * A loop over clients that stay their owner's.
   *
   * @param maxPollInterval the consumer's limit between two polls
   * @param transactionRecords most records of one transaction
   * @param pollRecords most records that a poll returns, no more than of a transaction
   */
  ReviewLoop(
      KafkaConsumer<byte[], byte[]> consumer,
      AnswerWriter writer,
      Classifier classifier,
      BatchOutputs outputs,
      Duration maxPollInterval,
      int transactionRecords,
      int pollRecords,
      Listener listener) {
    this.consumer = consumer;
    this.writer = writer;
    this.classifier = classifier;
    this.outputs = outputs;
    this.revocationPatience = maxPollInterval.dividedBy(2);
    this.transactionRecords = transactionRecords;
    this.pollRecords = pollRecords;
    this.listener = listener;
  }

  /** Polls once and writes what is scored; returns after a fraction of a second. */
  void step() throws InterruptedException {
    if (rewind && !rewound()) {
      pause(consumer.assignment(), true);
      consumer.poll(Duration.ZERO); // Keeps the member in the group until the broker is back.
      return;
    }
    boolean full = full();
    pause(full ? consumer.assignment() : standing(), full);
    poll();
    if (rewind) {
      polled.clear();
      return; // Lost or failed inside the poll: these records are read again with the others.
    }
    List<ReviewBatch> batches = ReviewBatch.of(polled);
    polled.clear();
    underWay.addAll(batches);
    long now = System.nanoTime();
    batches.forEach(
        batch ->
            standstills.putIfAbsent(
                batch.partition(), new Standstill(batch.partition(), batch.firstOffset(), now)));
    if (underWay.isEmpty()) {
      listener.progressed();
    } else if (submit(Duration.ZERO)) {
      awaitScored(full() ? PAUSED_POLL : NOTICE);
      if (untilWrite() <= 0) {
        writeScored();
      }
    }
    listener.standing(
        standstills.values().stream()
            .min(Comparator.comparingLong(Standstill::sinceNanos))
            .orElse(null));
  }

  /** Polls until a transaction's worth is there, or as many bytes as may be held at once. */
  private void poll() {
    boolean busy = underWay.stream().anyMatch(batch -> !batch.standing());
    int records = 0;
    long bytes = 0;
    polled.clear();
    ConsumerRecords<byte[], byte[]> now = consumer.poll(busy ? Duration.ZERO : IDLE_POLL);
    while (!now.isEmpty()) {
      polled.add(now);
      records += now.count();
      for (ConsumerRecord<byte[], byte[]> record : now) {
        bytes += Math.max(0, record.serializedValueSize());
      }
      // Another poll must not make more of it than a transaction, and the queue, hold.
      if (rewind || records + pollRecords > transactionRecords || bytes >= MOST_BYTES) {
        break;
      }
      now = consumer.poll(Duration.ZERO);
    }
  }

  /**
   * Forgets what earlier polls of this step returned of partitions that the present one gave up:
   * whoever owns them now reads it again.
   */
  private void forget(Collection<TopicPartition> gone) {
    polled.replaceAll(
        poll -> {
          Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> records = new HashMap<>();
          Map<TopicPartition, OffsetAndMetadata> next = new HashMap<>(poll.nextOffsets());
          next.keySet().removeAll(gone);
          for (TopicPartition partition : poll.partitions()) {
            if (!gone.contains(partition)) {
              records.put(partition, poll.records(partition));
            }
          }
          return new ConsumerRecords<>(records, next);
        });
    standstills.keySet().removeAll(gone);
  }

  /** Writes everything under way that is scored in time; the rest is read again by others. */
  void finish() throws InterruptedException {
    long deadline = System.nanoTime() + FINISH_PATIENCE.toNanos();
    while (!onlyStanding() && System.nanoTime() < deadline) {
      if (submit(PAUSED_POLL)) {
        awaitScored(PAUSED_POLL);
        writeScored();
      }
    }
    if (!underWay.isEmpty()) {
      LOG.warn("closing without {}, which are not scored; they are read again", underWay);
    }
  }

  private boolean onlyStanding() {
    return underWay.stream().allMatch(ReviewBatch::standing);
  }

  private boolean full() {
    int records = 0;
    long bytes = 0;
    for (ReviewBatch batch : underWay) {
      if (!batch.submitted()) {
        return true;
      }
      bytes += batch.bytes();
      records += batch.standing() ? 0 : batch.size();
    }
    return bytes >= MOST_BYTES || records >= TRANSACTIONS_UNDER_WAY * transactionRecords;
  }

  /** The partitions that wait for a version that is out of order, or for very slow scorers. */
  private Set<TopicPartition> standing() {
    Set<TopicPartition> standing = new HashSet<>();
    for (ReviewBatch batch : underWay) {
      if (batch.standing()) {
        standing.add(batch.partition());
      }
    }
    return standing;
  }

  /**
   * Hands over what the scorers have room for, waiting for it once.
   *
   * @return whether that went well; if not, nothing is under way and a rewind is due
   */
  private boolean submit(Duration patience) throws InterruptedException {
    try {
      for (ReviewBatch batch : underWay) {
        if (!batch.submit(classifier, patience, scored::release)) {
          break; // In order: a later batch must not take the room of an earlier one.
        }
      }
      return true;
    } catch (RuntimeException e) {
      failed("reviews cannot be handed to the scorers", e);
      return false;
    }
  }

  private void failed(String what, RuntimeException cause) throws InterruptedException {
    drop();
    listener.failed(what, cause);
  }

  /** Holds back what these partitions have, and no others; records already fetched are kept. */
  private void pause(Set<TopicPartition> wanted, boolean all) {
    if (all || !wanted.equals(paused) || all != allPaused) {
      Set<TopicPartition> resumed = new HashSet<>(consumer.paused());
      resumed.removeAll(wanted);
      consumer.resume(resumed);
      Set<TopicPartition> held = new HashSet<>(wanted);
      held.retainAll(consumer.assignment());
      consumer.pause(held);
    }
    if (all != allPaused) {
      LOG.debug(
          "{} reading; {} batches are under way", all ? "pausing" : "resuming", underWay.size());
    }
    allPaused = all;
    paused = Set.copyOf(wanted);
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
    List<Slice> slices = new ArrayList<>(batches.size());
    int records = 0;
    try {
      for (ReviewBatch batch : batches) {
        List<Output> all = outputs.outputs(batch, batch.answers());
        slices.add(new Slice(batch.partition(), all, batch.nextOffset()));
        records += all.size();
      }
    } catch (IllegalStateException e) {
      failed(batches + " were not scored and will be read again", e);
      return;
    }
    underWay.removeAll(batches);
    long began = System.nanoTime();
    try {
      write(slices);
      listener.progressed();
    } catch (RuntimeException e) {
      if (!ofContent(e)) {
        failed(batches + " were not written and will be read again", e);
      } else if (apart(slices, e)) {
        listener.progressed();
      }
    }
    long now = System.nanoTime();
    boolean busy = records > FEW || classifier.reviewsWait();
    writtenNanos = now;
    restNanos = busy ? Math.min(REST * (now - began), LONGEST_REST.toNanos()) : 0;
  }

  private void write(List<Slice> slices) {
    List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
    Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
    for (Slice slice : slices) {
      slice.outputs().forEach(output -> records.addAll(output.records()));
      // A partition may have two slices: the later one comes last.
      offsets.put(slice.partition(), slice.next());
    }
    writer.write(records, offsets, consumer);
    long now = System.nanoTime();
    offsets.forEach(
        (partition, next) -> {
          if (underWay.stream().anyMatch(batch -> batch.partition().equals(partition))) {
            standstills.put(partition, new Standstill(partition, next.offset(), now));
          } else {
            standstills.remove(partition);
          }
        });
  }

  /** Whether a record's content, and not the broker or the group, is why nothing was written. */
  private static boolean ofContent(RuntimeException problem) {
    for (Throwable at = problem; at != null; at = at.getCause()) {
      if (at instanceof RecordTooLargeException
          || at instanceof RecordBatchTooLargeException
          || at instanceof InvalidTimestampException
          || at instanceof InvalidRecordException
          || at instanceof SerializationException
          || at instanceof CorruptRecordException) {
        return true;
      }
    }
    return !(problem instanceof KafkaException) && !(problem instanceof IllegalStateException);
  }

  /**
   * Writes slices one by one, and halves those that fail, until the record at fault is alone.
   *
   * @return whether all is written; if not, nothing is under way and a rewind is due
   */
  private boolean apart(List<Slice> slices, RuntimeException cause) throws InterruptedException {
    LOG.warn("a transaction failed for what is in it; halving it", cause);
    Deque<Slice> left = new ArrayDeque<>(slices);
    for (Slice slice = left.poll(); slice != null; slice = left.poll()) {
      try {
        if (slice.outputs().size() == 1) {
          alone(slice);
        } else {
          write(List.of(slice));
        }
      } catch (RuntimeException e) {
        if (!ofContent(e) || slice.outputs().size() <= 1) {
          failed(slice.partition() + " was not written and will be read again", e);
          return false;
        }
        left.push(slice.second());
        left.push(slice.first());
      }
    }
    return true;
  }

  /** Writes one record's answer; when that fails, and again, its dead letter. */
  private void alone(Slice slice) {
    try {
      write(List.of(slice));
      return;
    } catch (RuntimeException e) {
      if (!ofContent(e)) {
        throw e;
      }
    }
    ConsumerRecord<byte[], byte[]> record = slice.outputs().get(0).record();
    RuntimeException cause;
    try {
      write(List.of(slice));
      return;
    } catch (RuntimeException e) {
      if (!ofContent(e)) {
        throw e;
      }
      cause = e;
    }
    LOG.error("the answer to {} cannot be written: a defect", ReviewBatch.position(record), cause);
    try {
      write(List.of(slice.with(outputs.defect(record, cause))));
    } catch (RuntimeException e) {
      if (!ofContent(e)) {
        throw e;
      }
      write(List.of(slice.with(outputs.bareDefect(record, cause))));
    }
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
    underWay.forEach(batch -> batch.leave(classifier)); // They come again: no need to score them.
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
    if (allPaused) {
      consumer.pause(partitions);
    }
  }

  @Override
  public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
    LOG.info("revoked {}; finishing {} batches first", partitions, underWay.size());
    long deadline = System.nanoTime() + revocationPatience.toNanos();
    try {
      while (!underWay.isEmpty()) {
        boolean waits = !onlyStanding();
        Duration left = Duration.ofNanos(waits ? Math.max(0, deadline - System.nanoTime()) : 0);
        if (submit(left)) {
          awaitScored(left);
          writeScored();
        }
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
    forget(partitions);
  }

  @Override
  public void onPartitionsLost(Collection<TopicPartition> partitions) {
    LOG.warn("lost {}; dropping {} batches, they are read again", partitions, underWay.size());
    forget(partitions);
    drop();
  }
}
