package dev.weir.inference.http;

import io.vertx.core.Future;
import io.vertx.core.WorkerExecutor;
import java.util.concurrent.Callable;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/**
 * The threads {@code http-worker-n}: for all that may take longer than a millisecond.
 *
 * <p>What they return completes on the event loop that asked.
 */
final class Workers implements Executor {

  private final WorkerExecutor threads;

  Workers(WorkerExecutor threads) {
    this.threads = threads;
  }

  <T> Future<T> call(Callable<T> task) {
    return threads.executeBlocking(task, false);
  }

  @Override
  public void execute(Runnable task) {
    Future<Void> accepted =
        call(
            () -> {
              task.run();
              return null;
            });
    if (accepted.failed() && accepted.cause() instanceof RejectedExecutionException closed) {
      throw closed;
    }
  }
}
