package dev.weir.inference.score;

import dev.weir.inference.meter.InferenceMeters;
import dev.weir.inference.slot.AdapterRegistry;
import dev.weir.model.spec.Precision;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntSupplier;
import java.util.function.ToIntFunction;

/**
 * The meters of scoring: answers and latency by path, batch sizes, queue depths. Meters are looked
 * up once, not per answer. Thread-safe.
 */
final class ScoreMeters {

  private enum Result {
    ANSWERED,
    ABSTAINED,
    FAILED;

    private String id() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** What one path's answers are counted in. */
  private record Path(Timer latency, Map<Result, Counter> answers) {}

  private final MeterRegistry registry;
  private final VersionMeters versions;
  private final DistributionSummary rows;
  private final DistributionSummary tokens;
  private final DistributionSummary explanationRuns;
  private final Counter shadowScored;
  private final Counter shadowLeftOut;
  private final Map<Source, Path> paths = new EnumMap<>(Source.class);
  private final Map<String, Counter> abstentions = new ConcurrentHashMap<>();

  ScoreMeters(MeterRegistry registry, AdapterRegistry adapters) {
    this.registry = registry;
    this.versions = new VersionMeters(registry, adapters);
    this.rows = InferenceMeters.BATCH_ROWS.summary(registry);
    this.tokens = InferenceMeters.BATCH_TOKENS.summary(registry);
    this.explanationRuns = InferenceMeters.EXPLANATION_RUNS.summary(registry);
    this.shadowScored = InferenceMeters.SHADOWS.counter(registry, "scored");
    this.shadowLeftOut = InferenceMeters.SHADOWS.counter(registry, "left-out");
    for (Source source : Source.ANSWERED) {
      Map<Result, Counter> answers = new EnumMap<>(Result.class);
      for (Result result : Result.values()) {
        answers.put(
            result, InferenceMeters.CLASSIFICATIONS.counter(registry, source.id(), result.id()));
      }
      paths.put(source, new Path(InferenceMeters.LATENCY.timer(registry, source.id()), answers));
    }
  }

  void queue(ToIntFunction<Source> depth, int capacity) {
    for (Source source : Source.ANSWERED) {
      InferenceMeters.QUEUE_DEPTH.gauge(registry, () -> depth.applyAsInt(source), source.id());
    }
    InferenceMeters.QUEUE_CAPACITY.gauge(registry, () -> capacity);
  }

  void batch(int rowCount, int paddedTokens) {
    rows.record(rowCount);
    tokens.record(paddedTokens);
  }

  /** A run threw, or gave a text no finite number. */
  void runFailed(Precision precision) {
    InferenceMeters.RUN_FAILURES.counter(registry, precision.id()).increment();
  }

  void suspended(IntSupplier count) {
    InferenceMeters.VERSIONS_SUSPENDED.gauge(registry, count::getAsInt);
  }

  void explained(int runs) {
    explanationRuns.record(runs);
  }

  void answered(Source source, List<Answer> answers, long beganNanos) {
    Path path = paths.get(source);
    if (path == null) {
      throw new IllegalArgumentException("no meters for " + source);
    }
    path.latency().record(Duration.ofNanos(System.nanoTime() - beganNanos));
    for (Answer answer : answers) {
      count(path, answer);
    }
  }

  private void count(Path path, Answer answer) {
    Result result = Result.FAILED;
    if (answer instanceof Answer.Scored scored) {
      boolean unsure = scored.unsure();
      result = unsure ? Result.ABSTAINED : Result.ANSWERED;
      versions.answered(scored);
      if (unsure) {
        abstained(Abstentions.LOW_CONFIDENCE);
      }
    } else if (answer instanceof Answer.Abstained abstained) {
      result = Result.ABSTAINED;
      abstained(abstained.code());
    }
    Counter counter = path.answers().get(result);
    if (counter != null) {
      counter.increment();
    }
  }

  private void abstained(String code) {
    abstentions
        .computeIfAbsent(code, reason -> InferenceMeters.ABSTENTIONS.counter(registry, reason))
        .increment();
  }

  /** Counts what shadows scored of the reviews that they were asked, and what was left out. */
  void shadowed(int asked, List<Answer> answers) {
    if (asked > 0) {
      int scored =
          (int)
              answers.stream()
                  .filter(answer -> answer instanceof Answer.Scored one && one.shadow() != null)
                  .count();
      shadowScored.increment((double) scored);
      shadowLeftOut.increment((double) (asked - scored));
    }
  }
}
