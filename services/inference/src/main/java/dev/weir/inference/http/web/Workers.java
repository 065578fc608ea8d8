package dev.weir.inference.http.web;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.WorkerExecutor;
import java.util.concurrent.Callable;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The threads of one kind of work, {@code <name>-n}: for all that may take longer than a
 * millisecond. Each kind has its own, so that none waits for another's; and a bounded number of
 * tasks waits for them.
 *
 * <p>What they return completes on the event loop that asked. Thread-safe.
 */
public final class Workers implements Executor {

  private final WorkerExecutor threads;
  private final String work;
  private final int mostWaiting;
  private final AtomicInteger waiting = new AtomicInteger();

  /**
   * Threads of their own.
   *
   * @param work what they do, for those who are refused
   * @param mostWaiting tasks that may wait for a thread
   */
  public Workers(Vertx vertx, String name, int threads, String work, int mostWaiting) {
    this.threads = vertx.createSharedWorkerExecutor(name, threads);
    this.work = work;
    this.mostWaiting = mostWaiting;
  }

  /** Runs a task; the future fails with a {@link Problem} (429) when too many wait. */
  public <T> Future<T> call(Callable<T> task) {
    if (waiting.incrementAndGet() > mostWaiting) {
      waiting.decrementAndGet();
      return Future.failedFuture(
          new Problem(
                  429,
                  "busy",
                  "%d requests wait for %s already; send this one again after a second"
                      .formatted(mostWaiting, work))
              .retryAfter(1));
    }
    return threads.executeBlocking(
        () -> {
          waiting.decrementAndGet();
          return task.call();
        },
        false);
  }

  /** Goes on with a request that was let in before: that is never refused, but at the end. */
  @Override
  public void execute(Runnable task) {
    Future<Void> accepted =
        threads.executeBlocking(
            () -> {
              task.run();
              return null;
            },
            false);
    if (accepted.failed() && accepted.cause() instanceof RejectedExecutionException closed) {
      throw closed;
    }
  }
}
