package dev.weir.service.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class MeterSpecTest {

  private static final MeterSpec TIMER =
      MeterSpec.timer("weir.some.wait", "a wait", List.of(0.5, 2.0), "path");

  @Test
  void namesAreThoseThatPrometheusSees() {
    try (Metrics metrics = new Metrics()) {
      List<MeterSpec> specs =
          List.of(
              TIMER,
              MeterSpec.counter("weir.some.records", "records"),
              MeterSpec.gauge("weir.some.depth", "depth"),
              MeterSpec.gaugeIn("seconds", "weir.some.timestamp", "a time"),
              MeterSpec.gauge("weir.some.provider.info", "always 1"),
              MeterSpec.summary("weir.some.rows", "rows", List.of(1.0, 2.0)));
      TIMER.timer(metrics.registry(), "http").record(java.time.Duration.ofSeconds(1));
      specs.get(1).counter(metrics.registry()).increment();
      specs.get(2).gauge(metrics.registry(), () -> 1);
      specs.get(3).gauge(metrics.registry(), () -> 1);
      specs.get(4).gauge(metrics.registry(), () -> 1);
      specs.get(5).summary(metrics.registry()).record(2);
      String scrape = metrics.scrape();
      for (MeterSpec spec : specs) {
        assertThat(scrape).contains("# HELP " + spec.prometheusName() + " ");
      }
      assertThat(scrape)
          .contains("weir_some_wait_seconds_bucket{path=\"http\",le=\"2.0\"} 1")
          .contains("weir_some_wait_seconds_bucket{path=\"http\",le=\"0.5\"} 0")
          .contains("weir_some_records_total 1.0")
          .contains("weir_some_timestamp_seconds 1.0")
          .contains("weir_some_rows_bucket{le=\"2.0\"} 1");
    }
  }

  @Test
  void refusesValuesThatAreNotThoseOfItsLabels() {
    try (Metrics metrics = new Metrics()) {
      assertThatThrownBy(() -> TIMER.timer(metrics.registry()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("[path]");
      assertThatThrownBy(() -> TIMER.counter(metrics.registry(), "http"))
          .isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void countersOfAllLabelValuesAreThereAtZero() {
    MeterSpec spec = MeterSpec.counter("weir.some.loads", "loads", "result", "reason");
    try (Metrics metrics = new Metrics()) {
      spec.atZero(metrics.registry(), List.of(List.of("loaded", "failed"), List.of("a", "b")));
      TIMER.atZero(metrics.registry(), List.of(List.of("http")));
      assertThat(metrics.scrape())
          .contains("weir_some_loads_total{reason=\"a\",result=\"loaded\"} 0.0")
          .contains("weir_some_loads_total{reason=\"b\",result=\"failed\"} 0.0")
          .contains("weir_some_wait_seconds_count{path=\"http\"} 0");
    }
  }

  @Test
  void gaugesLeaveTheRegistryWithWhatTheyWereAbout() {
    MeterSpec spec = MeterSpec.gauge("weir.some.version", "a version", "adapter");
    try (Metrics metrics = new Metrics()) {
      GaugeSet gauges = new GaugeSet(spec, metrics.registry());
      gauges.set(1, "a");
      gauges.set(2, "b");
      gauges.raise(1, "b");
      assertThat(metrics.scrape()).contains("{adapter=\"a\"} 1.0", "{adapter=\"b\"} 2.0");
      gauges.remove("a");
      assertThat(metrics.scrape()).doesNotContain("{adapter=\"a\"}");
      gauges.set(3, "a");
      assertThat(metrics.scrape()).contains("{adapter=\"a\"} 3.0");
    }
  }

  @Test
  void healthIsShownByComponentAlsoOfThoseThatComeLater() {
    Health health = new Health();
    health.register("first", () -> new Health.Status.Up(""));
    try (Metrics metrics = new Metrics()) {
      health.bindTo(metrics.registry());
      assertThat(metrics.scrape()).contains("weir_health_ready 1.0");
      health.register("second", () -> new Health.Status.Down("away"));
      assertThat(metrics.scrape())
          .contains("weir_health_component{component=\"first\"} 1.0")
          .contains("weir_health_component{component=\"second\"} 0.0")
          .contains("weir_health_ready 0.0");
    }
  }

  @Test
  void textsAreNotShownUnlessTheyAreWanted() {
    try {
      assertThat(LoggedText.of("a secret").toString()).doesNotContain("secret").contains("8 char");
      LoggedText.show(true);
      assertThat(LoggedText.of("a secret").toString()).isEqualTo("'a secret'");
      assertThat(LoggedText.of("x".repeat(1000)).toString()).hasSizeLessThan(210);
    } finally {
      LoggedText.show(false);
    }
  }
}
