package dev.weir.benchmarks.serving;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;

/** Work shared out among one thread per core. */
final class Workers {
  private Workers() {}

  /** Runs {@code work} for 0 to {@code count - 1}, each once; returns the seconds it took. */
  static double seconds(int threads, int count, IntConsumer work) throws InterruptedException {
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try {
      AtomicInteger next = new AtomicInteger();
      List<Future<?>> running = new ArrayList<>();
      long began = System.nanoTime();
      for (int i = 0; i < threads; i++) {
        running.add(
            pool.submit(
                () -> {
                  for (int at = next.getAndIncrement(); at < count; at = next.getAndIncrement()) {
                    work.accept(at);
                  }
                }));
      }
      for (Future<?> each : running) {
        each.get();
      }
      return (System.nanoTime() - began) / 1e9;
    } catch (ExecutionException e) {
      throw new IllegalStateException("a worker failed", e.getCause());
    } finally {
      pool.shutdownNow();
    }
  }
}
