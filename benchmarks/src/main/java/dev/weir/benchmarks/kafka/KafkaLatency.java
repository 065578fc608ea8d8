package dev.weir.benchmarks.kafka;

import dev.weir.benchmarks.kafka.AbstainingService.Tuning;
import dev.weir.inference.stream.Delivery;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.HdrHistogram.Histogram;

/**
 * Measures what Kafka adds to an answer: from the moment a review was due to be produced until its
 * classification can be read, read-committed, at a given rate and under several settings.
 *
 * <p>The inference service itself runs, with nothing released, so that every review is abstained at
 * once; it and an embedded broker are started afresh for each of the settings. Reviews are due on a
 * fixed schedule and timed from when they were due, so one that had to wait behind a slow one
 * counts its wait (coordinated omission). Arguments: reviews per second (200), measured seconds
 * (30), rounds (3); the settings take turns in each round, after a warm-up of a third of the time.
 */
public final class KafkaLatency {
  private static final double[] PERCENTILES = {50, 90, 99, 99.9, 100};

  private static final Map<String, String> CLIENT_DEFAULTS =
      Map.of(
          "retry.backoff.ms", "100",
          "retry.backoff.max.ms", "1000",
          "linger.ms", "5",
          "compression.type", "none");
  private static final Map<String, String> BROKER_DEFAULTS =
      Map.of("add.partitions.to.txn.retry.backoff.ms", "20");

  private static final List<Tuning> TUNINGS =
      List.of(
          new Tuning(
              "exactly-once, Kafka's defaults",
              Delivery.EXACTLY_ONCE,
              CLIENT_DEFAULTS,
              BROKER_DEFAULTS),
          new Tuning(
              "exactly-once, clients tuned", Delivery.EXACTLY_ONCE, Map.of(), BROKER_DEFAULTS),
          new Tuning(
              "exactly-once, broker tuned", Delivery.EXACTLY_ONCE, CLIENT_DEFAULTS, Map.of()),
          new Tuning("exactly-once, both tuned", Delivery.EXACTLY_ONCE, Map.of(), Map.of()),
          new Tuning("at-least-once, both tuned", Delivery.AT_LEAST_ONCE, Map.of(), Map.of()));

  private KafkaLatency() {}

  public static void main(String[] args) throws IOException, InterruptedException {
    int perSecond = args.length > 0 ? Integer.parseInt(args[0]) : 200;
    int seconds = args.length > 1 ? Integer.parseInt(args[1]) : 30;
    int rounds = args.length > 2 ? Integer.parseInt(args[2]) : 3;
    System.out.printf(
        Locale.ROOT, "%d reviews/s, %d rounds of %d s, ms%n", perSecond, rounds, seconds);
    System.out.printf(
        Locale.ROOT,
        "%-32s %8s %8s %8s %8s %8s  rounds' p99%n",
        "settings",
        "p50",
        "p90",
        "p99",
        "p99.9",
        "max");
    Histogram[] all = new Histogram[TUNINGS.size()];
    StringBuilder[] tails = new StringBuilder[TUNINGS.size()];
    for (int i = 0; i < all.length; i++) {
      all[i] = ScheduledLoad.histogram();
      tails[i] = new StringBuilder();
    }
    for (int round = 0; round < rounds; round++) {
      for (int i = 0; i < all.length; i++) {
        Histogram measured = measure(TUNINGS.get(i), perSecond, seconds);
        all[i].add(measured);
        tails[i].append(String.format(Locale.ROOT, " %.1f", ms(measured, 99)));
      }
    }
    for (int i = 0; i < all.length; i++) {
      StringBuilder row = new StringBuilder();
      for (double percentile : PERCENTILES) {
        row.append(String.format(Locale.ROOT, " %8.1f", ms(all[i], percentile)));
      }
      System.out.printf(Locale.ROOT, "%-32s%s %s%n", TUNINGS.get(i).name(), row, tails[i]);
    }
  }

  private static Histogram measure(Tuning tuning, int perSecond, int seconds)
      throws IOException, InterruptedException {
    try (AbstainingService service = AbstainingService.open(tuning)) {
      ScheduledLoad load =
          new ScheduledLoad(service.bootstrapServers(), service.topics(), perSecond);
      load.run(Duration.ofSeconds(Math.max(1, seconds / 3)));
      return load.run(Duration.ofSeconds(seconds));
    }
  }

  private static double ms(Histogram histogram, double percentile) {
    return histogram.getValueAtPercentile(percentile) / 1e6;
  }
}
