package dev.weir.benchmarks.parts;

import dev.weir.contract.text.TokenLimit;
import dev.weir.model.base.BaseModel;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Text to token ids. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class TokenizerBenchmark {
  private static final TokenLimit LIMIT = TokenLimit.of(256);

  private final BaseModel base = BaseModel.load(BaseModel.DEFAULT);

  @Benchmark
  public int[] sentence() {
    return base.tokenizer().encode(SampleTexts.SENTENCE, LIMIT);
  }

  @Benchmark
  public int[] longText() {
    return base.tokenizer().encode(SampleTexts.LONG, LIMIT);
  }

  @TearDown
  public void close() {
    base.close();
  }
}
