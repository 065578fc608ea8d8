package dev.weir.inference.score;

import dev.weir.contract.release.AdapterId;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Logits to probabilities, and to an answer. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class AnswerBenchmark {
  private static final List<String> LABELS = List.of("negative", "positive");
  private static final AdapterId ID = new AdapterId("default", 17);
  private static final String DIGEST = "0".repeat(64);

  private final float[] logits = {-1.25f, 2.5f};

  @Benchmark
  public List<Double> softmax() {
    return Probabilities.of(logits, LABELS.size(), 1);
  }

  @Benchmark
  public Map<String, Double> answer() {
    Answer.Scored answer =
        new Answer.Scored(ID, DIGEST, LABELS, Probabilities.of(logits, LABELS.size(), 1), 0, null);
    return answer.margin() < 0.2 ? Map.of() : answer.scores();
  }
}
