package dev.weir.inference.score;

import dev.weir.common.adapter.AdapterId;
import dev.weir.common.ops.Health.Status;
import dev.weir.inference.adapter.ServingAdapter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Two bounded queues of tokenised texts and the workers that run them in micro-batches.
 *
 * <p>A worker takes what is there at once: no text waits for companions. The queues of Kafka and
 * HTTP take turns in giving the first row of a batch, and so do the adapters within each ({@link
 * TurnQueue}); {@link BatchPicker} says who joins it. Rows are shared out evenly among the workers
 * that are idle. Rows whose version is evicted are set aside until it is loaded; they count as
 * waiting. What shadows are to score of HTTP's waits apart, and gets what time is left.
 * Thread-safe. {@link #close} answers everything that was accepted, then ends the workers {@code
 * scorer-n}.
 */
final class MicroBatcher implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(MicroBatcher.class);

  private final BatchScorer scorer;
  private final BatchPicker picker;
  private final List<Thread> workers = new ArrayList<>();
  private final int workerCount;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition rowsCame = lock.newCondition();
  private final Condition roomCame = lock.newCondition();
  // All below are guarded by the lock.
  private final Backlog backlog;
  private Source turn = Source.KAFKA;
  private int idle;
  private int shadowing;
  private boolean closing;
  private @Nullable Throwable fault;

  /**
   * A batcher; nothing runs before {@link #start}.
   *
   * @param workerCount threads that run batches
   * @param tokenBudget most tokens per batch, padding included; a longer text runs alone
   * @param capacity most texts that wait, per source; a quarter more for adapters that have little
   *     waiting
   */
  MicroBatcher(BatchScorer scorer, int workerCount, int tokenBudget, int capacity) {
    this.scorer = scorer;
    this.picker = new BatchPicker(tokenBudget);
    this.workerCount = workerCount;
    this.backlog = new Backlog(capacity);
  }

  /** Starts the workers. */
  synchronized void start() {
    for (int i = workers.size(); i < workerCount; i++) {
      Thread worker = new Thread(this::work, "scorer-" + i);
      worker.setDaemon(true);
      workers.add(worker);
      worker.start();
    }
  }

  /**
   * Queues texts if there is room for all of them. Returns at once.
   *
   * @return the answers to come, in order; empty when the queue is full
   * @throws RejectedExecutionException if the batcher is closing or broken
   */
  Optional<CompletableFuture<List<Answer>>> offer(Source source, List<Query> queries) {
    lock.lock();
    try {
      checkOpen();
      return backlog.fits(source, queries)
          ? Optional.of(enqueue(source, queries))
          : Optional.empty();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Queues texts, waiting at most {@code patience} for room.
   *
   * @return the answers to come, in order; empty when the queue stayed full
   * @throws RejectedExecutionException if the batcher is closing or broken
   * @throws IllegalArgumentException if there can never be room for so many
   */
  Optional<CompletableFuture<List<Answer>>> offer(
      Source source, List<Query> queries, Duration patience) throws InterruptedException {
    if (queries.size() > backlog.capacity()) {
      throw new IllegalArgumentException(
          queries.size() + " texts at once, the queue holds " + backlog.capacity());
    }
    long left = patience.toNanos();
    lock.lockInterruptibly();
    try {
      checkOpen();
      while (!backlog.fits(source, queries)) {
        if (left <= 0) {
          return Optional.empty();
        }
        left = roomCame.awaitNanos(left);
        checkOpen();
      }
      return Optional.of(enqueue(source, queries));
    } finally {
      lock.unlock();
    }
  }

  /** Texts of a source that wait for a worker. */
  int depth(Source source) {
    lock.lock();
    try {
      return backlog.depth(source);
    } finally {
      lock.unlock();
    }
  }

  Status status() {
    lock.lock();
    try {
      return fault == null
          ? new Status.Up(workerCount + " workers")
          : new Status.Dead("a scorer ended abruptly: " + fault);
    } finally {
      lock.unlock();
    }
  }

  private CompletableFuture<List<Answer>> enqueue(Source source, List<Query> queries) {
    Submission submission = new Submission(queries.size());
    for (int i = 0; i < queries.size(); i++) {
      backlog.add(new Row(source, queries.get(i), submission, i));
    }
    rowsCame.signalAll();
    return submission.done();
  }

  private void checkOpen() {
    if (fault != null) {
      throw new RejectedExecutionException("a scorer ended abruptly; restart this process", fault);
    }
    if (closing) {
      throw new RejectedExecutionException("the service is closing");
    }
  }

  private void work() {
    List<Row> batch = List.of();
    try {
      for (batch = take(); !batch.isEmpty(); batch = take()) {
        scorer.score(batch).forEach(this::park);
        done(batch);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (Throwable e) {
      // Out of memory or a broken native library: nothing this process can mend.
      LOG.error("scorer ended abruptly; restart this process", e);
      breakDown(batch, e);
    }
  }

  /** Sets rows aside until their version is loaded; the workers go on with others. */
  private void park(ServingAdapter version, List<Row> rows) {
    lock.lock();
    try {
      for (Row row : rows) {
        row.hold(version.hold());
        backlog.setAside(row);
      }
    } finally {
      lock.unlock();
    }
    CompletableFuture<Void> unused = // What went wrong is in the answers.
        scorer.page(version).whenComplete((done, problem) -> unpark(version.id(), rows, problem));
  }

  /** Puts rows back where they were, in front: they were next when they were set aside. */
  private void unpark(AdapterId id, List<Row> rows, @Nullable Throwable problem) {
    List<Row> given = new ArrayList<>();
    lock.lock();
    try {
      for (int i = rows.size() - 1; i >= 0; i--) {
        Row row = rows.get(i);
        if (!backlog.takeBack(row)) {
          continue; // The batcher broke down meanwhile and answered it.
        }
        if (problem == null) {
          backlog.addFirst(row);
        } else {
          given.add(row);
        }
      }
      rowsCame.signalAll();
      roomCame.signalAll();
    } finally {
      lock.unlock();
    }
    if (problem != null) {
      given.forEach(row -> row.answer(Abstentions.unavailable(id, problem)));
    }
  }

  /** The next batch; empty when the batcher is closed and drained. */
  private List<Row> take() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (backlog.ready() == 0 && !mayShadow()) {
        if (fault != null || (closing && !backlog.hasSetAside())) {
          return List.of();
        }
        idle++;
        try {
          rowsCame.await();
        } finally {
          idle--;
        }
      }
      if (backlog.ready() == 0) {
        shadowing++;
        TurnQueue shadows = backlog.queue(Source.SHADOW);
        return picker.pick(shadows, new TurnQueue(), shadows.size());
      }
      int share = (backlog.ready() + idle) / (idle + 1);
      Source first = turn;
      turn = first == Source.KAFKA ? Source.HTTP : Source.KAFKA;
      List<Row> batch = picker.pick(backlog.queue(first), backlog.queue(turn), share);
      roomCame.signalAll();
      return batch;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Whether a worker may score shadows: one is kept free, so that an answer waits for no shadow.
   */
  private boolean mayShadow() {
    return backlog.queue(Source.SHADOW).size() > 0 && shadowing < Math.max(1, workerCount - 1);
  }

  private void done(List<Row> batch) {
    if (batch.get(0).source() == Source.SHADOW) {
      lock.lock();
      try {
        shadowing--;
        rowsCame.signal(); // One that was kept from shadows, if there are more.
      } finally {
        lock.unlock();
      }
    }
  }

  private void breakDown(List<Row> batch, Throwable cause) {
    List<Row> lost = new ArrayList<>(batch);
    lock.lock();
    try {
      fault = cause;
      lost.addAll(backlog.drain());
      rowsCame.signalAll();
      roomCame.signalAll();
    } finally {
      lock.unlock();
    }
    Answer failed = new Answer.Failed(new IllegalStateException("a scorer ended abruptly", cause));
    lost.forEach(row -> row.answerIfOpen(failed));
  }

  @Override
  public void close() {
    lock.lock();
    try {
      closing = true;
      rowsCame.signalAll();
      roomCame.signalAll();
    } finally {
      lock.unlock();
    }
    List<Thread> started;
    synchronized (this) {
      started = List.copyOf(workers);
    }
    try {
      for (Thread worker : started) {
        worker.join();
      }
    } catch (InterruptedException e) {
      started.forEach(Thread::interrupt);
      Thread.currentThread().interrupt();
    }
  }
}
