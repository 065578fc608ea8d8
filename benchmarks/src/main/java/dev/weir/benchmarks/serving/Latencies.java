package dev.weir.benchmarks.serving;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/** Latency histograms of all texts, of the sentences and of the long ones. Thread-safe. */
public final class Latencies {
  /** Ten minutes in microseconds, to three digits. */
  private static final long HIGHEST = 600_000_000;

  private static final List<Double> PERCENTILES = List.of(50.0, 90.0, 99.0, 99.9, 100.0);
  private static final List<String> NAMES = List.of("p50", "p90", "p99", "p99.9", "max");

  private final Histogram sentences = new ConcurrentHistogram(HIGHEST, 3);
  private final Histogram longOnes = new ConcurrentHistogram(HIGHEST, 3);

  /** Counts an answer that came so many nanoseconds after its text should have been sent. */
  public void record(boolean sentence, long nanos) {
    (sentence ? sentences : longOnes).recordValue(Math.min(HIGHEST, Math.max(0, nanos / 1000)));
  }

  /** Adds another's. */
  public void add(Latencies other) {
    sentences.add(other.sentences);
    longOnes.add(other.longOnes);
  }

  /** How many answers were counted. */
  public long count() {
    return sentences.getTotalCount() + longOnes.getTotalCount();
  }

  /** Milliseconds at a percentile of all texts. */
  public double all(double percentile) {
    return all().getValueAtPercentile(percentile) / 1000.0;
  }

  /** Milliseconds at a percentile of the sentences. */
  public double sentences(double percentile) {
    return sentences.getValueAtPercentile(percentile) / 1000.0;
  }

  /** Milliseconds at a percentile of the long texts. */
  public double longOnes(double percentile) {
    return longOnes.getValueAtPercentile(percentile) / 1000.0;
  }

  private Histogram all() {
    Histogram all = new Histogram(HIGHEST, 3);
    all.add(sentences);
    all.add(longOnes);
    return all;
  }

  /** Counts and milliseconds per percentile, of each kind that occurred. */
  public ObjectNode json() {
    ObjectNode json = new ObjectMapper().createObjectNode();
    put(json, "all", all());
    put(json, "sentences", sentences);
    put(json, "long", longOnes);
    return json;
  }

  private static void put(ObjectNode json, String name, Histogram histogram) {
    if (histogram.getTotalCount() == 0) {
      return;
    }
    ObjectNode values = json.putObject(name).put("count", histogram.getTotalCount());
    for (int i = 0; i < NAMES.size(); i++) {
      values.put(NAMES.get(i), histogram.getValueAtPercentile(PERCENTILES.get(i)) / 1000.0);
    }
  }
}
