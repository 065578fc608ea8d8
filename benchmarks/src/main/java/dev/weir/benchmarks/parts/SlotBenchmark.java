package dev.weir.benchmarks.parts;

import dev.weir.benchmarks.serving.BenchmarkAdapter;
import dev.weir.model.base.BaseModel;
import dev.weir.model.session.EncoderOutput;
import dev.weir.model.session.SlotEncoder;
import dev.weir.model.spec.Precision;
import dev.weir.model.weights.AdapterWeights;
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

/** An adapter written into a slot, and one sentence run on it. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class SlotBenchmark {
  private final BaseModel base = BaseModel.load(BaseModel.DEFAULT);
  private final AdapterWeights adapter =
      BenchmarkAdapter.random(base.config(), BenchmarkAdapter.LIGHT, 1);
  private final SlotEncoder encoder =
      SlotEncoder.open(base, BenchmarkAdapter.layout(8, BenchmarkAdapter.LIGHT), Precision.FP32, 1);
  private final int[][] sentence = {base.tokenizer().encode(SampleTexts.SENTENCE, 256)};
  private final int[] slot = {1};

  @Benchmark
  public void write() {
    encoder.write(0, adapter);
  }

  @Benchmark
  public EncoderOutput run() {
    return encoder.run(sentence, slot);
  }

  @TearDown
  public void close() {
    encoder.close();
    base.close();
  }
}
