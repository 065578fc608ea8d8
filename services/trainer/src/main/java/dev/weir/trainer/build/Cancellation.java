package dev.weir.trainer.build;

import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A one-way switch that calls work off; waiting for it is how the trainer pauses. Thread-safe. */
public final class Cancellation {

  private final CountDownLatch cancelled = new CountDownLatch(1);

  /** Asks the training to end; from any thread. */
  public void cancel() {
    cancelled.countDown();
  }

  /** Whether the training is asked to end. */
  public boolean isCancelled() {
    return cancelled.getCount() == 0;
  }

  /** Ends the training by an exception if it is asked to end. */
  public void check() {
    if (isCancelled()) {
      throw new CancellationException("the training was called off");
    }
  }

  /** Waits for some time, or until called off: then it throws. */
  public void pause(Duration time) {
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
