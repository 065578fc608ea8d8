package dev.weir.trainer.loop;

import dev.weir.contract.event.TrainingBatch;
import dev.weir.trainer.build.Cancellation;
import dev.weir.trainer.publish.Announcement;
import io.opentelemetry.api.trace.Span;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Future;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * A batch in training, between the two threads: the fitting thread hands decisions over, the loop's
 * thread announces them and answers.
 *
 * <p>Thread-safe.
 */
final class BatchJob implements Announcer {

  private static final long LOOK_EVERY_MS = 100;

  private final TrainingBatch batch;
  private final TopicPartition partition;
  private final long offset;
  private final CommitNote note;
  private final Span span;
  private final Cancellation cancellation = new Cancellation();
  private final SynchronousQueue<HandOver> handOvers = new SynchronousQueue<>();
  private @Nullable Future<?> running;
  private volatile boolean settled;

  /**
   * A batch that is taken up.
   *
   * @param note what stands beside the offset: this start is counted in it
   * @param span the span of all that is done for it
   */
  BatchJob(TrainingBatch batch, TopicPartition partition, long offset, CommitNote note, Span span) {
    this.note = note;
    this.batch = batch;
    this.partition = partition;
    this.offset = offset;
    this.span = span;
  }

  /**
   * Something to tell.
   *
   * @param announcement the decision; empty to pass over the batch
   * @param next the batch topic's next offset to read from after it, with what is noted beside it
   * @param told completed by the loop's thread
   */
  record HandOver(
      Optional<Announcement> announcement,
      OffsetAndMetadata next,
      CompletableFuture<Boolean> told) {}

  TrainingBatch batch() {
    return batch;
  }

  Span span() {
    return span;
  }

  TopicPartition partition() {
    return partition;
  }

  Cancellation cancellation() {
    return cancellation;
  }

  void running(Future<?> future) {
    running = future;
  }

  boolean done() {
    return running != null && running.isDone();
  }

  /** The fitting thread's result; throws what it threw. */
  void result() throws InterruptedException, java.util.concurrent.ExecutionException {
    if (running != null) {
      running.get();
    }
  }

  /** What the fitting thread wants to tell now. */
  Optional<HandOver> take() {
    return Optional.ofNullable(handOvers.poll());
  }

  /** Takes note that something was told, on the loop's thread. */
  void told(HandOver handOver) {
    settled |= handOver.next().offset() > offset;
  }

  /** Whether all is told, and the topic's next offset stands behind the batch. */
  boolean settled() {
    return settled;
  }

  @Override
  public void announce(Announcement announcement, boolean last) {
    handOver(new HandOver(Optional.of(announcement), last ? behind() : here(), newAnswer()));
  }

  @Override
  public void pass() {
    handOver(new HandOver(Optional.empty(), behind(), newAnswer()));
  }

  /** The batch's own offset, with the note of those who began with it. */
  OffsetAndMetadata here() {
    return new OffsetAndMetadata(offset, note.toString());
  }

  /** The same, as if this process had not begun with it. */
  OffsetAndMetadata notBegun() {
    return new OffsetAndMetadata(offset, note.withStarts(note.starts() - 1).toString());
  }

  private OffsetAndMetadata behind() {
    return new OffsetAndMetadata(offset + 1, note.withStarts(0).toString());
  }

  /** How many processes have begun with this batch before, and died of it as far as one can see. */
  int diedBefore() {
    return note.starts() - 1;
  }

  private void handOver(HandOver handOver) {
    try {
      while (!handOvers.offer(handOver, LOOK_EVERY_MS, TimeUnit.MILLISECONDS)) {
        cancellation.check();
      }
      handOver.told().join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw e;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancellationException("interrupted");
    }
  }

  private static CompletableFuture<Boolean> newAnswer() {
    return new CompletableFuture<>();
  }
}
