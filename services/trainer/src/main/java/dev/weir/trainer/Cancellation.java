package dev.weir.trainer;

import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A one-way switch that calls work off; waiting for it is how the trainer pauses. Thread-safe. */
final class Cancellation {

  private final CountDownLatch cancelled = new CountDownLatch(1);

  void cancel() {
    cancelled.countDown();
  }

  boolean isCancelled() {
    return cancelled.getCount() == 0;
  }

  void check() {
    if (isCancelled()) {
      throw new CancellationException("the training was called off");
    }
  }

  /** Waits for some time, or until called off: then it throws. */
  void pause(Duration time) {
    try {
      if (cancelled.await(time.toMillis(), TimeUnit.MILLISECONDS)) {
        check();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancellationException("interrupted");
    }
  }
}
