package dev.weir.inference.score;

import dev.weir.common.adapter.AdapterId;
import dev.weir.common.ops.Health.Status;
import dev.weir.inference.adapter.ServingAdapter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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
 * waiting. Thread-safe. {@link #close} answers everything that was accepted, then ends the workers
 * {@code scorer-n}.
 */
final class MicroBatcher implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(MicroBatcher.class);

  private static final Duration LONG = Duration.ofHours(1);

  /** An adapter has little waiting while it is this fraction of the capacity. */
  private static final int LITTLE = 16;

  /** The fraction of the capacity that such adapters may use beyond it. */
  private static final int RESERVE = 4;

  private final BatchScorer scorer;
  private final BatchPicker picker;
  private final int capacity;
  private final List<Thread> workers = new ArrayList<>();
  private final int workerCount;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition rowsCame = lock.newCondition();
  private final Condition roomCame = lock.newCondition();
  // All below are guarded by the lock.
  private final Map<Source, TurnQueue> queues = new EnumMap<>(Source.class);
  private final Map<Source, Set<Row>> parked = new EnumMap<>(Source.class);
  private Source turn = Source.KAFKA;
  private int idle;
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
    this.capacity = capacity;
    for (Source source : Source.values()) {
      queues.put(source, new TurnQueue());
    }
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
      return fits(source, queries) ? Optional.of(enqueue(source, queries)) : Optional.empty();
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
    if (queries.size() > capacity) {
      throw new IllegalArgumentException(
          queries.size() + " texts at once, the queue holds " + capacity);
    }
    long left = patience.toNanos();
    lock.lockInterruptibly();
    try {
      checkOpen();
      while (!fits(source, queries)) {
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

  /**
   * Queues texts, waiting for room as long as it takes.
   *
   * @return the answers to come, in order
   * @throws RejectedExecutionException if the batcher is closing or broken
   * @throws IllegalArgumentException if there can never be room for so many
   */
  CompletableFuture<List<Answer>> put(Source source, List<Query> queries)
      throws InterruptedException {
    Optional<CompletableFuture<List<Answer>>> answers = Optional.empty();
    while (answers.isEmpty()) {
      answers = offer(source, queries, LONG);
    }
    return answers.get();
  }

  /** Texts of a source that wait for a worker. */
  int depth(Source source) {
    lock.lock();
    try {
      return depthOf(source);
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
    TurnQueue queue = queue(source);
    for (int i = 0; i < queries.size(); i++) {
      queue.add(new Row(source, queries.get(i), submission, i));
    }
    rowsCame.signalAll();
    return submission.done();
  }

  /**
   * Whether there is room for all of the queries. Behind a full queue some is kept for adapters
   * that have little waiting: a flood for one adapter must not have the others refused.
   */
  private boolean fits(Source source, List<Query> queries) {
    int size = depthOf(source) + queries.size();
    if (size <= capacity) {
      return true;
    }
    return size <= capacity + capacity / RESERVE
        && queries.stream()
            .allMatch(
                query -> depthOf(source, query.adapter()) + queries.size() <= capacity / LITTLE);
  }

  private int depthOf(Source source) {
    return queue(source).size() + parked.getOrDefault(source, Set.of()).size();
  }

  private int depthOf(Source source, String adapter) {
    long aside =
        parked.getOrDefault(source, Set.of()).stream()
            .filter(row -> row.query().adapter().equals(adapter))
            .count();
    return queue(source).size(adapter) + (int) aside;
  }

  private TurnQueue queue(Source source) {
    TurnQueue queue = queues.get(source);
    if (queue == null) {
      throw new IllegalStateException("no queue for " + source);
    }
    return queue;
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
        parked.computeIfAbsent(row.source(), source -> identitySet()).add(row);
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
        if (!parked.getOrDefault(row.source(), Set.of()).remove(row)) {
          continue; // The batcher broke down meanwhile and answered it.
        }
        if (problem == null) {
          queue(row.source()).addFirst(row);
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

  private static Set<Row> identitySet() {
    return Collections.newSetFromMap(new IdentityHashMap<>());
  }

  /** The next batch; empty when the batcher is closed and drained. */
  private List<Row> take() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (waiting() == 0) {
        if (fault != null || (closing && parked.values().stream().allMatch(Set::isEmpty))) {
          return List.of();
        }
        idle++;
        try {
          rowsCame.await();
        } finally {
          idle--;
        }
      }
      int share = (waiting() + idle) / (idle + 1);
      Source first = turn;
      turn = first == Source.KAFKA ? Source.HTTP : Source.KAFKA;
      List<Row> batch = picker.pick(queue(first), queue(turn), share);
      roomCame.signalAll();
      return batch;
    } finally {
      lock.unlock();
    }
  }

  private int waiting() {
    int waiting = 0;
    for (TurnQueue queue : queues.values()) {
      waiting += queue.size();
    }
    return waiting;
  }

  private void breakDown(List<Row> batch, Throwable cause) {
    List<Row> lost = new ArrayList<>(batch);
    lock.lock();
    try {
      fault = cause;
      queues.values().forEach(queue -> lost.addAll(queue.drain()));
      parked.values().forEach(lost::addAll);
      parked.values().forEach(Set::clear);
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
