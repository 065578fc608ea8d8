package dev.weir.standalone.cli;

import dev.weir.service.ops.Signals;
import java.time.Duration;

/**
 * Ends a command that computes in native code on the main thread by Ctrl-C or SIGTERM, between two
 * pieces of its work.
 *
 * <p>Halting at once would not do: the process's exit destroys ONNX Runtime's static objects, also
 * without the JVM's hooks, and a session that still runs may then print an error of its own, such
 * as "GetElementType is not implemented".
 */
final class ComputingSignals {

  /** The exit code of an interrupted command. */
  static final int INTERRUPTED = 130;

  /** A large batch of long texts takes seconds. */
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private ComputingSignals() {}

  /** Calls the work off on the first signal; what has not ended some time later is halted. */
  static void onStop(Runnable callOff) {
    Signals.onStop(
        () -> {
          callOff.run();
          try {
            Thread.sleep(PATIENCE.toMillis());
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          Runtime.getRuntime().halt(INTERRUPTED);
        });
  }
}
