package dev.weir.service.ops;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes Ctrl-C and SIGTERM before the JVM does, so that a process can drain first.
 *
 * <p>A shutdown hook is too late for that: the JVM starts all hooks at once, and ONNX Runtime's own
 * hook frees its environment while ours still lets accepted texts be answered: a native crash, see
 * {@code docs/decisions/0005-signals-before-shutdown-hooks.md}. Thread-safe.
 */
public final class Signals {

  private static final Logger LOG = LoggerFactory.getLogger(Signals.class);

  /** One Ctrl-C often comes twice: to the process group, and passed on by whoever started us. */
  private static final long SAME_SIGNAL_NANOS = 1_000_000_000L;

  private Signals() {}

  /**
   * Runs {@code stop} on the first Ctrl-C or SIGTERM, in a thread of its own; a second signal ends
   * the process at once. Where the JVM gives no access to signals, {@code stop} becomes a shutdown
   * hook.
   */
  public static void onStop(Runnable stop) {
    onStop(stop, () -> {});
  }

  /**
   * The same, with something to do before a second signal ends the process.
   *
   * @param last runs in the signal's thread; quick, and without waiting for anybody
   */
  public static void onStop(Runnable stop, Runnable last) {
    AtomicBoolean stopping = new AtomicBoolean();
    AtomicLong first = new AtomicLong();
    Runnable once =
        () -> {
          if (stopping.compareAndSet(false, true)) {
            first.set(System.nanoTime());
            new Thread(stop, "signal-stop").start();
          } else if (System.nanoTime() - first.get() > SAME_SIGNAL_NANOS) {
            try {
              last.run();
            } finally {
              Runtime.getRuntime().halt(1);
            }
          }
        };
    if (!handle("INT", once) || !handle("TERM", once)) {
      Runtime.getRuntime()
          .addShutdownHook(
              new Thread(
                  () -> {
                    if (stopping.compareAndSet(false, true)) {
                      stop.run();
                    }
                  },
                  "shutdown"));
    }
  }

  /** By reflection: the class is supported on every JDK, but the compiler warns of its package. */
  private static boolean handle(String name, Runnable action) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Object proxy =
          Proxy.newProxyInstance(
              handler.getClassLoader(),
              new Class<?>[] {handler},
              (self, method, arguments) -> {
                if (method.getName().equals("handle")) {
                  action.run();
                }
                return null;
              });
      signal
          .getMethod("handle", signal, handler)
          .invoke(null, signal.getConstructor(String.class).newInstance(name), proxy);
      return true;
    } catch (ReflectiveOperationException | IllegalArgumentException e) {
      Throwable why = e instanceof InvocationTargetException wrapped ? wrapped.getCause() : e;
      LOG.warn("this JVM does not let SIG{} be handled ({}); a shutdown hook drains", name, why);
      return false;
    }
  }
}
