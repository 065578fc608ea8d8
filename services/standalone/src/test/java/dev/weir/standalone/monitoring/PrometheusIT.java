package dev.weir.standalone.monitoring;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.standalone.loop.LocalLoop;
import dev.weir.standalone.monitoring.TestingPrometheus.Answer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Dashboards and rules against a real Prometheus that scrapes a running loop: real broker, real
 * weights, batches, trainings, releases. Run by {@code make test-monitoring}.
 */
@Tag("monitoring")
class PrometheusIT {

  /** Gauges of what nobody has set up here. */
  private static final Set<String> ONLY_WHEN_NEEDED =
      Set.of(
          "weir_tls_certificate_expiry_timestamp_seconds",
          "weir_inference_pinned_timestamp_seconds");

  @TempDir Path directory;

  @Test
  void promtoolAcceptsConfigurationsAndRules() throws IOException, InterruptedException {
    Path prometheus = MonitoringFiles.PROMETHEUS;
    for (String file : List.of("prometheus.yml", "prometheus-local.yml")) {
      assertThat(TestingPrometheus.promtool("check", "config", prometheus.resolve(file).toString()))
          .contains("SUCCESS");
    }
    for (Path rules : MonitoringFiles.files(prometheus.resolve("rules"), ".yml")) {
      assertThat(TestingPrometheus.promtool("check", "rules", rules.toString()))
          .contains("SUCCESS");
    }
  }

  @Test
  void alertsFireWhenTheyShouldAndOnlyThen() throws IOException, InterruptedException {
    for (Path tests : MonitoringFiles.files(MonitoringFiles.PROMETHEUS.resolve("tests"), ".yml")) {
      assertThat(TestingPrometheus.promtool("test", "rules", tests.toString())).contains("SUCCESS");
    }
  }

  @Test
  void everyPanelAndAlertHasAnAnswerFromARunningLoop() throws IOException {
    try (LocalLoop loop = new LocalLoop(directory.resolve("data"), 0, LoopTraffic.settings())) {
      loop.start();
      try (LoopTraffic traffic = new LoopTraffic(loop);
          TestingPrometheus prometheus =
              TestingPrometheus.start(
                  Files.createDirectories(directory.resolve("prometheus")), traffic.target())) {
        awaitScrapes(prometheus, 3);
        assertThat(silentlyEmpty(prometheus)).isEmpty();
        turn(traffic, prometheus);
        awaitAnswers(prometheus);
        checkRules(prometheus);
        checkNames(prometheus, traffic.get("/metrics"));
      }
    }
  }

  /** Two batches become two adapters, and in between each thing happens that a panel shows. */
  private static void turn(LoopTraffic traffic, TestingPrometheus prometheus) {
    traffic.ask(0, 10); // Nobody can answer yet.
    traffic.awaitMetric("weir_inference_abstentions_total", 10);
    traffic.teachBadly();
    traffic.teach(0, 100);
    traffic.awaitMetric("weir_inference_adapter_version", 1);
    traffic.ask(100, 240);
    traffic.awaitMetric("weir_inference_answers_total", 140);
    traffic.judge(100, 240);
    traffic.awaitMetric("weir_curation_live_answers", 100);
    traffic.awaitMetric("weir_curation_batches_total", 2);
    traffic.awaitMetric("weir_trainer_decisions_total", 4);
    // Rates are made of two scrapes or more: what only happened once must be seen to have grown.
    int scrapes = 4;
    for (int i = 0; i < scrapes; i++) {
      traffic.browse();
      traffic.ask(300 + 10 * i, 310 + 10 * i);
      double before = i;
      Awaitility.await("another scrape")
          .atMost(Duration.ofMinutes(1))
          .pollInterval(Duration.ofMillis(200))
          .until(
              () ->
                  prometheus
                          .query(
                              "count_over_time(weir_health_ready[1h]) > %s".formatted(before + 2))
                          .series()
                      > 0);
    }
  }

  private static void awaitScrapes(TestingPrometheus prometheus, int scrapes) {
    Awaitility.await("scrapes")
        .atMost(Duration.ofMinutes(1))
        .pollInterval(Duration.ofMillis(200))
        .until(
            () ->
                prometheus
                        .query("count_over_time(weir_health_ready[1h]) > %d".formatted(scrapes))
                        .series()
                    > 0);
  }

  /** What shows nothing on a loop that nobody has used yet must say what it waits for. */
  private static List<String> silentlyEmpty(TestingPrometheus prometheus) {
    return MonitoringFiles.queries().stream()
        .filter(query -> !query.saysWhatItWaitsFor())
        .filter(
            query ->
                prometheus.query("(%s) > -Inf".formatted(substituted(query.expression()))).series()
                    == 0)
        .map(query -> query.where() + " is empty and does not say what it waits for")
        .distinct()
        .toList();
  }

  private static void awaitAnswers(TestingPrometheus prometheus) {
    Awaitility.await("answers to every panel")
        .atMost(Duration.ofMinutes(3))
        .pollInterval(Duration.ofSeconds(2))
        .untilAsserted(() -> assertThat(unanswered(prometheus)).isEmpty());
  }

  private static List<String> unanswered(TestingPrometheus prometheus) {
    List<String> wrong = new ArrayList<>();
    for (MonitoringFiles.Query query : MonitoringFiles.queries()) {
      String expression = substituted(query.expression());
      Answer answer = query.instant() ? prometheus.query(expression) : prometheus.range(expression);
      if (!answer.error().isEmpty()) {
        wrong.add(query.where() + ": " + answer.error() + ": " + expression);
      } else if (answer.series() == 0 && !query.emptyWhile()) {
        wrong.add(query.where() + " is empty: " + expression);
      }
    }
    return wrong;
  }

  /** As Grafana does, with all jobs and adapters chosen. */
  private static String substituted(String expression) {
    return expression
        .replace("$__rate_interval", "2m")
        .replace("$__range", "15m")
        .replace("$__interval", "5s")
        .replace("$adapter", ".*")
        .replace("$instance", ".*")
        .replace("$slo", ".*")
        .replace("$job", ".*");
  }

  private static void checkRules(TestingPrometheus prometheus) {
    Awaitility.await("every rule is evaluated")
        .atMost(Duration.ofMinutes(2))
        .pollInterval(Duration.ofSeconds(1))
        .untilAsserted(
            () ->
                assertThat(prometheus.rules())
                    .hasSameSizeAs(MonitoringFiles.rules())
                    .allSatisfy(
                        rule -> {
                          assertThat(rule.path("lastError").asText()).isEmpty();
                          assertThat(rule.path("health").asText()).isEqualTo("ok");
                        }));
    for (MonitoringFiles.Alert alert : MonitoringFiles.alerts()) {
      assertThat(prometheus.query(alert.expression()).error()).as(alert.name()).isEmpty();
    }
  }

  /** Each metric that somebody asks for is one that the loop has; and Weir's own are declared. */
  private static void checkNames(TestingPrometheus prometheus, String scrape) {
    Set<String> names = prometheus.names();
    Set<String> missing = new TreeSet<>();
    Stream.concat(
            MonitoringFiles.queries().stream().map(MonitoringFiles.Query::expression),
            MonitoringFiles.rules().stream().map(rule -> rule.path("expr").asText()))
        .flatMap(expression -> MonitoringFiles.metrics(expression).stream())
        .filter(name -> !names.contains(name) && !ONLY_WHEN_NEEDED.contains(name))
        .forEach(missing::add);
    assertThat(missing).isEmpty();

    TreeMap<String, String> declared = new TreeMap<>();
    MonitoringFiles.declared()
        .forEach(spec -> declared.put(spec.prometheusName(), spec.description()));
    assertThat(
            scrape
                .lines()
                .filter(line -> line.startsWith("# HELP weir_"))
                .map(line -> line.substring("# HELP ".length())))
        .allSatisfy(
            line -> {
              String name = line.substring(0, line.indexOf(' ')).replaceAll("_max$", "");
              assertThat(declared).containsKey(name);
              assertThat(line).endsWith(declared.get(name));
            });
  }
}
