package dev.weir.inference.score;

import dev.weir.contract.text.TokenLimit;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Queued rows made into micro-batches; the time is that of one row. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class BatchPickerBenchmark {
  private static final int ROWS = 256;
  private static final TokenLimit LIMIT = TokenLimit.of(256);

  private final BatchPicker picker = new BatchPicker(512);
  private final List<Row> rows = rows();
  private final TurnQueue kafka = new TurnQueue();
  private final TurnQueue http = new TurnQueue();

  /** Four sentences to a long text, as the stream of the serving benchmark has them. */
  private static List<Row> rows() {
    Random random = new Random(1);
    Submission submission = new Submission(Caller.kafka("reviews-0"), ROWS);
    List<Row> rows = new ArrayList<>(ROWS);
    for (int i = 0; i < ROWS; i++) {
      int length = i % 5 == 4 ? 150 + random.nextInt(107) : 8 + random.nextInt(40);
      rows.add(new Row(new Query("", "", "default", new int[length], LIMIT, null), submission, i));
    }
    return rows;
  }

  @Benchmark
  @OperationsPerInvocation(ROWS)
  public int drainFullQueue() {
    rows.forEach(kafka::add);
    int batches = 0;
    while (!kafka.isEmpty()) {
      batches += picker.pick(kafka, http, ROWS).size();
    }
    return batches;
  }
}
