package dev.weir.broker;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.kafka.common.utils.Exit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps Kafka from ending the process that hosts it. Where Kafka meets a fault it cannot survive it
 * calls {@link Exit}, whose procedures are one per JVM: this class replaces them once and for good,
 * since a broker's threads may still meet one after it was closed.
 *
 * <p>Instead of exiting, every watching future completes with a description and the calling thread
 * gets an exception, so that it does not run on past its own fatal fault. The fault of one broker
 * is reported to all brokers of the process, as Kafka does not say whose it was. Thread-safe.
 */
final class KafkaExitGuard {
  private static final Logger LOG = LoggerFactory.getLogger(KafkaExitGuard.class);
  private static final List<CompletableFuture<String>> WATCHERS = new CopyOnWriteArrayList<>();

  static {
    Exit.setExitProcedure(KafkaExitGuard::refuse);
    Exit.setHaltProcedure(KafkaExitGuard::refuse);
  }

  private KafkaExitGuard() {}

  /** Completes {@code fault} when Kafka wants to end the process, until {@link #unwatch}. */
  static void watch(CompletableFuture<String> fault) {
    WATCHERS.add(fault);
  }

  static void unwatch(CompletableFuture<String> fault) {
    WATCHERS.removeIf(watcher -> watcher == fault);
  }

  private static void refuse(int status, @Nullable String message) {
    String fault =
        "Kafka met a fatal fault on thread "
            + Thread.currentThread().getName()
            + (message == null ? "" : ": " + message);
    LOG.error("{} (exit status {}, not obeyed); the broker is no longer usable", fault, status);
    WATCHERS.forEach(watcher -> watcher.complete(fault));
    throw new IllegalStateException(fault);
  }
}
