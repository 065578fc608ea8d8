package dev.weir.inference;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Threads that do something again and again beside a test, which goes on once each of them has done
 * it: without that, everything may be over on a quick machine before one of them has begun.
 */
public final class UntilStopped {

  private final AtomicBoolean stop = new AtomicBoolean();
  private final ExecutorService threads;
  private final List<Future<Integer>> rounds = new ArrayList<>();

  private UntilStopped(int count) {
    this.threads = Executors.newFixedThreadPool(count);
  }

  /** What the thread with that number does. */
  @FunctionalInterface
  public interface Task {
    void run(int thread) throws Exception;
  }

  /** Starts the threads and waits until each has done its task once, or failed. */
  public static UntilStopped start(int count, Task task) throws InterruptedException {
    UntilStopped started = new UntilStopped(count);
    CountDownLatch first = new CountDownLatch(count);
    for (int i = 0; i < count; i++) {
      int thread = i;
      started.rounds.add(started.threads.submit(() -> started.repeat(thread, task, first)));
    }
    first.await();
    return started;
  }

  private int repeat(int thread, Task task, CountDownLatch first) throws Exception {
    try {
      task.run(thread);
    } finally {
      first.countDown(); // Once per thread: a quick one must not count for the others.
    }
    int rounds = 1;
    while (!stop.get()) {
      task.run(thread);
      rounds++;
    }
    return rounds;
  }

  /** Stops them; how often each has done its task. Throws what a task has thrown. */
  public List<Integer> stop() throws Exception {
    stop.set(true);
    threads.shutdown();
    List<Integer> counts = new ArrayList<>();
    for (Future<Integer> each : rounds) {
      counts.add(each.get());
    }
    return counts;
  }
}
