package dev.weir.inference.score;

import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;

/** The meters of scoring: answers and latency by path, batch sizes, queue depths. */
final class ScoreMeters {

  private final MeterRegistry registry;
  private final DistributionSummary rows;
  private final DistributionSummary tokens;
  private final DistributionSummary explanationRuns;
  private final Map<Source, Timer> latency = new EnumMap<>(Source.class);

  ScoreMeters(MeterRegistry registry) {
    this.registry = registry;
    this.rows =
        DistributionSummary.builder("weir.inference.batch.rows")
            .description("texts per micro-batch")
            .register(registry);
    this.tokens =
        DistributionSummary.builder("weir.inference.batch.tokens")
            .description("tokens per micro-batch, padding included")
            .register(registry);
    this.explanationRuns =
        DistributionSummary.builder("weir.inference.explanation.runs")
            .description("texts scored for one explanation, the text itself included")
            .register(registry);
    for (Source source : Source.values()) {
      latency.put(
          source,
          Timer.builder("weir.inference.latency")
              .description("from having read the texts to having all their answers")
              .tag("path", source.id())
              .register(registry));
    }
  }

  void queueDepth(ToIntFunction<Source> depth) {
    for (Source source : Source.values()) {
      Gauge.builder("weir.inference.queue.depth", () -> depth.applyAsInt(source))
          .description("texts that wait for a worker")
          .tag("path", source.id())
          .register(registry);
    }
  }

  void batch(int rowCount, int paddedTokens) {
    rows.record(rowCount);
    tokens.record(paddedTokens);
  }

  void explained(int runs) {
    explanationRuns.record(runs);
  }

  void answered(Source source, List<Answer> answers, long beganNanos) {
    Timer timer = latency.get(source);
    if (timer != null) {
      timer.record(Duration.ofNanos(System.nanoTime() - beganNanos));
    }
    for (Answer answer : answers) {
      registry
          .counter("weir.inference.classifications", "path", source.id(), "result", result(answer))
          .increment();
    }
  }

  /** Counts what shadows scored of the reviews that they were asked, and what was left out. */
  void shadowed(int asked, List<Answer> answers) {
    if (asked > 0) {
      int scored =
          (int)
              answers.stream()
                  .filter(answer -> answer instanceof Answer.Scored one && one.shadow() != null)
                  .count();
      registry.counter("weir.inference.shadow", "result", "scored").increment((double) scored);
      registry
          .counter("weir.inference.shadow", "result", "left-out")
          .increment((double) (asked - scored));
    }
  }

  private static String result(Answer answer) {
    if (answer instanceof Answer.Scored scored) {
      return scored.abstention().isEmpty() ? "answered" : "abstained";
    }
    return answer instanceof Answer.Abstained ? "abstained" : "failed";
  }
}
