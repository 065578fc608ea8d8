package dev.weir.inference.score;

import dev.weir.contract.release.AdapterId;
import dev.weir.inference.slot.ServingAdapter;
import dev.weir.service.ops.Health.Status;
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
 * HTTP take turns in giving the first row of a batch, and so do the clients within each ({@link
 * TurnQueue}); {@link BatchPicker} says who joins it. Rows are shared out evenly among the workers
 * that are idle. Rows whose version is evicted are set aside until it is loaded; they count as
 * waiting. What shadows are to score of HTTP's waits apart, and gets what time is left.
 * Thread-safe. {@link #close} answers everything that was accepted, within a deadline, then ends
 * the workers {@code scorer-n}.
 */
final class MicroBatcher implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(MicroBatcher.class);

  /** How long closing waits for what was accepted. */
  private static final Duration CLOSE_PATIENCE = Duration.ofSeconds(20);

  private final BatchScorer scorer;
  private final Triage triage;
  private final BatchPicker picker;
  private final List<Thread> workers = new ArrayList<>();
  private final int workerCount;
  private final Duration closePatience;

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
   * @param capacity most texts that wait, per source; a quarter more for clients that have little
   *     waiting
   */
  MicroBatcher(BatchScorer scorer, Triage triage, int workerCount, int tokenBudget, int capacity) {
    this(scorer, triage, workerCount, tokenBudget, capacity, CLOSE_PATIENCE);
  }

  MicroBatcher(
      BatchScorer scorer,
      Triage triage,
      int workerCount,
      int tokenBudget,
      int capacity,
      Duration closePatience) {
    this.closePatience = closePatience;
    this.scorer = scorer;
    this.triage = triage;
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
  Optional<CompletableFuture<List<Answer>>> offer(Caller caller, List<Query> queries) {
    lock.lock();
    try {
      checkOpen();
      return backlog.fits(caller, adapters(queries))
          ? Optional.of(enqueue(caller, queries))
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
      Caller caller, List<Query> queries, Duration patience) throws InterruptedException {
    if (queries.size() > backlog.capacity()) {
      throw new IllegalArgumentException(
          queries.size() + " texts at once, the queue holds " + backlog.capacity());
    }
    long left = patience.toNanos();
    List<String> adapters = adapters(queries);
    lock.lockInterruptibly();
    try {
      checkOpen();
      while (!backlog.fits(caller, adapters)) {
        if (left <= 0) {
          return Optional.empty();
        }
        left = roomCame.awaitNanos(left);
        checkOpen();
      }
      return Optional.of(enqueue(caller, queries));
    } finally {
      lock.unlock();
    }
  }

  private static List<String> adapters(List<Query> queries) {
    return queries.stream().map(Query::adapter).toList();
  }

  /** Whether texts for these adapters would be queued now. */
  boolean fits(Caller caller, List<String> adapters) {
    lock.lock();
    try {
      return backlog.fits(caller, adapters);
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
      if (fault != null) {
        return new Status.Dead("a scorer ended abruptly: " + fault);
      }
    } finally {
      lock.unlock();
    }
    String complaint = triage.complaint().orElse("");
    if (triage.beyondHelp()) {
      return new Status.Dead("no adapter works: " + complaint);
    }
    if (triage.nothingWorks()) {
      return new Status.Down("no adapter works: " + complaint);
    }
    return new Status.Up(
        workerCount + " workers" + (complaint.isEmpty() ? "" : "; out of order: " + complaint));
  }

  /** Takes out what a caller has waiting: nobody waits for the answers any more. */
  void leave(Caller caller) {
    List<Row> gone;
    lock.lock();
    try {
      caller.leave();
      gone = backlog.leave(caller);
      roomCame.signalAll();
      rowsCame.signalAll(); // One that closes may have waited for these alone.
    } finally {
      lock.unlock();
    }
    gone(gone);
  }

  private static void gone(List<Row> rows) {
    rows.forEach(row -> row.drop(new CallerGoneException()));
  }

  private CompletableFuture<List<Answer>> enqueue(Caller caller, List<Query> queries) {
    Submission submission = new Submission(caller, queries.size());
    if (caller.gone()) {
      submission.fail(new CallerGoneException());
      return submission.done();
    }
    for (int i = 0; i < queries.size(); i++) {
      backlog.add(new Row(queries.get(i), submission, i));
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
        BatchScorer.Held held = scorer.score(batch);
        held.evicted().forEach(this::park);
        held.suspended().forEach(this::stop);
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
    List<Row> gone = new ArrayList<>(0);
    lock.lock();
    try {
      for (Row row : rows) {
        if (row.submission().caller().gone()) {
          gone.add(row);
        } else {
          row.hold(version.hold());
          backlog.setAside(row);
        }
      }
    } finally {
      lock.unlock();
    }
    gone(gone);
    CompletableFuture<Void> unused = // What went wrong is in the answers.
        scorer.page(version).whenComplete((done, problem) -> unpark(version.id(), rows, problem));
  }

  /** Sets rows aside until their version works, or another one answers for it. */
  private void stop(Suspension suspension, List<Row> rows) {
    List<Row> waiting = new ArrayList<>(rows.size());
    List<Row> gone = new ArrayList<>(0);
    boolean first;
    lock.lock();
    try {
      rows.forEach(row -> (row.submission().caller().gone() ? gone : waiting).add(row));
      first = backlog.stop(suspension, waiting);
    } finally {
      lock.unlock();
    }
    gone(gone);
    if (first) {
      CompletableFuture<Void> unused =
          suspension.over().whenComplete((done, problem) -> goOn(suspension, problem));
    }
  }

  /** Puts rows back that waited for a version; unanswered when the service closes before. */
  private void goOn(Suspension suspension, @Nullable Throwable problem) {
    List<Row> rows;
    lock.lock();
    try {
      rows = backlog.takeBack(suspension);
      if (problem == null) {
        for (int i = rows.size() - 1; i >= 0; i--) {
          backlog.addFirst(rows.get(i));
        }
      }
      rowsCame.signalAll();
      roomCame.signalAll();
    } finally {
      lock.unlock();
    }
    if (problem != null) {
      rows.forEach(row -> row.drop(Triage.closing()));
    }
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
    triage.close();
    List<Thread> started;
    synchronized (this) {
      started = List.copyOf(workers);
    }
    long deadline = System.nanoTime() + closePatience.toNanos();
    try {
      for (Thread worker : started) {
        long left = Math.max(1, (deadline - System.nanoTime()) / 1_000_000);
        worker.join(left);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (started.stream().anyMatch(Thread::isAlive)) {
      LOG.warn(
          "a scorer has not ended within {} s; closing without what it holds",
          closePatience.toSeconds());
      started.forEach(Thread::interrupt);
      abandon();
    }
  }

  /** Ends what waits although a worker is stuck: nobody may wait for it for ever. */
  private void abandon() {
    List<Row> left;
    lock.lock();
    try {
      left = backlog.drain();
    } finally {
      lock.unlock();
    }
    left.forEach(row -> row.drop(Triage.closing()));
  }
}
