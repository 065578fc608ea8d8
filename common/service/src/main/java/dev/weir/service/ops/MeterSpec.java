package dev.weir.service.ops;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.prometheusmetrics.PrometheusNamingConvention;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The declaration of one meter: its name, kind, unit, labels, histogram buckets and meaning.
 *
 * <p>All meters are made through these, so that {@code docs/metrics.md} can be held to them. Names
 * are Micrometer's ({@code weir.inference.latency}); Prometheus sees {@code
 * weir_inference_latency_seconds}. Immutable.
 *
 * @param name dotted name, without unit
 * @param kind what it measures
 * @param unit base unit, or {@code null} for plain counts and shares; timers have seconds
 * @param description one line for those who read the metric
 * @param labels names of the labels, in the order in which their values are given
 * @param buckets upper bounds of the histogram, in the unit, ascending; empty for none
 */
public record MeterSpec(
    String name,
    Kind kind,
    @Nullable String unit,
    String description,
    List<String> labels,
    List<Double> buckets) {

  private static final PrometheusNamingConvention NAMING = new PrometheusNamingConvention();

  /** What a meter measures. */
  public enum Kind {
    /** Grows only; exported with the suffix {@code _total}. */
    COUNTER,
    /** A value that goes up and down. */
    GAUGE,
    /** Durations in seconds, as a histogram. */
    TIMER,
    /** A distribution of other values, as a histogram. */
    SUMMARY
  }

  /** Bounds for what a person waits for, in seconds: 1 ms to 10 s. */
  public static final List<Double> LATENCIES =
      List.of(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0);

  /** Bounds for trainings and for the way through the whole loop, in seconds: 1 s to 2 h. */
  public static final List<Double> MINUTES =
      List.of(1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0);

  /** Copies the lists. */
  public MeterSpec {
    labels = List.copyOf(labels);
    buckets = List.copyOf(buckets);
  }

  /** A counter. */
  public static MeterSpec counter(String name, String description, String... labels) {
    return new MeterSpec(name, Kind.COUNTER, null, description, List.of(labels), List.of());
  }

  /** A gauge without unit: a number of things, a share, a version. */
  public static MeterSpec gauge(String name, String description, String... labels) {
    return new MeterSpec(name, Kind.GAUGE, null, description, List.of(labels), List.of());
  }

  /** A gauge in a base unit, which becomes the end of its name. */
  public static MeterSpec gaugeIn(String unit, String name, String description, String... labels) {
    return new MeterSpec(name, Kind.GAUGE, unit, description, List.of(labels), List.of());
  }

  /** A timer with histogram buckets at {@code buckets} seconds. */
  public static MeterSpec timer(
      String name, String description, List<Double> buckets, String... labels) {
    return new MeterSpec(name, Kind.TIMER, "seconds", description, List.of(labels), buckets);
  }

  /** A distribution of numbers of things, with histogram buckets at {@code buckets}. */
  public static MeterSpec summary(
      String name, String description, List<Double> buckets, String... labels) {
    return new MeterSpec(name, Kind.SUMMARY, null, description, List.of(labels), buckets);
  }

  /** The counter with these label values; the same one for the same values. */
  public Counter counter(MeterRegistry registry, String... values) {
    require(Kind.COUNTER);
    return Counter.builder(name).description(description).tags(tags(values)).register(registry);
  }

  /**
   * Makes the meters of all combinations of these label values, with nothing counted yet. A counter
   * that is made at its first increment begins at 1, and {@code rate()} and {@code increase()} see
   * only what comes after: what an alert or a panel asks for must be there from the start.
   *
   * @param values the values of each label, in the labels' order
   */
  public void atZero(MeterRegistry registry, List<Collection<String>> values) {
    if (kind == Kind.GAUGE) {
      throw new IllegalStateException(name + " is a gauge, which shows what is known");
    }
    combine(registry, values, new String[0]);
  }

  private void combine(MeterRegistry registry, List<Collection<String>> values, String[] chosen) {
    if (chosen.length == values.size()) {
      switch (kind) {
        case COUNTER -> counter(registry, chosen);
        case TIMER -> timer(registry, chosen);
        default -> summary(registry, chosen);
      }
      return;
    }
    for (String value : values.get(chosen.length)) {
      String[] more = Arrays.copyOf(chosen, chosen.length + 1);
      more[chosen.length] = value;
      combine(registry, values, more);
    }
  }

  /** The timer with these label values; the same one for the same values. */
  public Timer timer(MeterRegistry registry, String... values) {
    require(Kind.TIMER);
    return Timer.builder(name)
        .description(description)
        .tags(tags(values))
        .serviceLevelObjectives(
            buckets.stream()
                .map(seconds -> Duration.ofNanos(Math.round(seconds * 1e9)))
                .toArray(Duration[]::new))
        .register(registry);
  }

  /** The distribution with these label values; the same one for the same values. */
  public DistributionSummary summary(MeterRegistry registry, String... values) {
    require(Kind.SUMMARY);
    return DistributionSummary.builder(name)
        .description(description)
        .tags(tags(values))
        .serviceLevelObjectives(buckets.stream().mapToDouble(Double::doubleValue).toArray())
        .register(registry);
  }

  /**
   * The gauge with these label values. The registry holds on to {@code value} until the gauge is
   * removed; registering it again changes nothing.
   */
  public Gauge gauge(MeterRegistry registry, Supplier<Number> value, String... values) {
    require(Kind.GAUGE);
    return Gauge.builder(name, value)
        .description(description)
        .baseUnit(unit)
        .tags(tags(values))
        .strongReference(true)
        .register(registry);
  }

  /**
   * The name that Prometheus shows; histograms add {@code _bucket}, {@code _count}, {@code _sum}.
   */
  public String prometheusName() {
    Meter.Type type =
        switch (kind) {
          case COUNTER -> Meter.Type.COUNTER;
          case GAUGE -> Meter.Type.GAUGE;
          case TIMER -> Meter.Type.TIMER;
          case SUMMARY -> Meter.Type.DISTRIBUTION_SUMMARY;
        };
    String exported = NAMING.name(name, type, unit);
    // The convention leaves these ends to the exporter.
    String end = kind == Kind.COUNTER ? "_total" : name.endsWith(".info") ? "_info" : "";
    return exported.endsWith(end) ? exported : exported + end;
  }

  private void require(Kind wanted) {
    if (kind != wanted) {
      throw new IllegalStateException(name + " is declared a " + kind + ", not a " + wanted);
    }
  }

  private Tags tags(String... values) {
    if (values.length != labels.size()) {
      throw new IllegalArgumentException(
          "%s has the labels %s, got the values %s"
              .formatted(name, labels, Arrays.toString(values)));
    }
    List<Tag> tags = new ArrayList<>(values.length);
    for (int i = 0; i < values.length; i++) {
      tags.add(Tag.of(labels.get(i), values[i]));
    }
    return Tags.of(tags);
  }
}
