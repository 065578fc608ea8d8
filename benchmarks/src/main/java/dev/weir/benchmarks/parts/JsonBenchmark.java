package dev.weir.benchmarks.parts;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.weir.contract.event.Classification;
import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.EventReader;
import dev.weir.contract.event.InputPosition;
import dev.weir.contract.event.Parsed;
import dev.weir.contract.event.Review;
import java.time.Instant;
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

/** Reviews read, with all checks, and classifications written. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class JsonBenchmark {
  private final byte[] key = "review-1".getBytes(UTF_8);
  private final byte[] sentence = EventJson.write(Review.of("review-1", SampleTexts.SENTENCE));
  private final byte[] longText = EventJson.write(Review.of("review-1", SampleTexts.LONG));
  private final Classification classification =
      new Classification(
          "review-1",
          "default",
          17,
          "0".repeat(64),
          "1".repeat(64),
          "positive",
          Map.of("negative", 0.03125, "positive", 0.96875),
          false,
          null,
          new InputPosition("reviews", 3, 123_456),
          7.5,
          Instant.parse("2026-11-01T12:34:56.789Z"));

  @Benchmark
  public Parsed<Review> readSentence() {
    return EventReader.review(key, sentence);
  }

  @Benchmark
  public Parsed<Review> readLongText() {
    return EventReader.review(key, longText);
  }

  @Benchmark
  public byte[] writeClassification() {
    return EventJson.write(classification);
  }
}
