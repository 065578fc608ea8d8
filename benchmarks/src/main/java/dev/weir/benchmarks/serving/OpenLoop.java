package dev.weir.benchmarks.serving;

import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Load that does not wait for answers: each text has a time at which it should be sent, and its
 * latency counts from then, whatever held it up (no coordinated omission).
 */
public final class OpenLoop {

  private OpenLoop() {}

  /** Sends one text; must not wait for its answer. */
  @FunctionalInterface
  public interface Sender {

    /**
     * @param index which text
     * @param intendedNanos when it should be sent, by {@link System#nanoTime}
     */
    void send(int index, long intendedNanos);
  }

  /**
   * Arrival times of independent clients (a Poisson process), in nanoseconds from the start.
   *
   * @param perSecond their mean rate
   */
  public static long[] arrivals(double perSecond, double seconds, long seed) {
    Random random = new Random(seed);
    long[] arrivals = new long[Math.max(1, (int) Math.round(perSecond * seconds))];
    double at = 0;
    for (int i = 0; i < arrivals.length; i++) {
      at -= Math.log(1 - random.nextDouble()) / perSecond;
      arrivals[i] = (long) (at * 1e9);
    }
    return arrivals;
  }

  /** Sends each text at its time, from this thread. */
  public static void run(long[] arrivals, Sender sender) throws InterruptedException {
    long began = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(10);
    for (int i = 0; i < arrivals.length; i++) {
      long intended = began + arrivals[i];
      for (long left = intended - System.nanoTime();
          left > 0;
          left = intended - System.nanoTime()) {
        LockSupport.parkNanos(left);
        if (Thread.interrupted()) {
          throw new InterruptedException("while waiting for the next arrival");
        }
      }
      sender.send(i, intended);
    }
  }
}
