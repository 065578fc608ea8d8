package dev.weir.inference.stream;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;

/** The meters of the review stream. */
final class StreamMeters {

  private final MeterRegistry registry;
  private final Counter labelRequests;
  private final Timer transactions;

  StreamMeters(MeterRegistry registry) {
    this.registry = registry;
    this.labelRequests = registry.counter("weir.inference.label.requests");
    this.transactions =
        Timer.builder("weir.inference.transaction")
            .description("from beginning a transaction to its commit")
            .register(registry);
  }

  MeterRegistry registry() {
    return registry;
  }

  void labelRequested() {
    labelRequests.increment();
  }

  void deadLettered(String reason) {
    registry.counter("weir.inference.dead.letters", "reason", reason).increment();
  }

  void committed(long beganNanos) {
    transactions.record(Duration.ofNanos(System.nanoTime() - beganNanos));
    registry.counter("weir.inference.transactions", "result", "committed").increment();
  }

  void rolledBack() {
    registry.counter("weir.inference.transactions", "result", "rolled-back").increment();
  }
}
