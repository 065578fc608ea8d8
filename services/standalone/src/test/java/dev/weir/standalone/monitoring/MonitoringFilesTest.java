package dev.weir.standalone.monitoring;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.inference.meter.InferenceMeters;
import dev.weir.service.ops.MeterSpec;
import dev.weir.service.ops.ReasonCodes;
import dev.weir.trainer.meter.TrainerMeters;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;

/** What can be checked of the monitoring files without a Prometheus. */
class MonitoringFilesTest {

  private static final String RUNBOOKS = "docs/runbooks.md";
  private static final Path REFERENCE = MonitoringFiles.ROOT.resolve("docs/metrics.md");

  @Test
  void everyPanelSaysWhatItShowsAndAsksTheChosenDataSource() {
    Set<String> uids = new HashSet<>();
    SoftAssertions softly = new SoftAssertions();
    MonitoringFiles.dashboards()
        .forEach(
            (file, dashboard) -> {
              softly.assertThat(uids.add(dashboard.path("uid").asText())).as(file).isTrue();
              softly.assertThat(dashboard.path("title").asText()).as(file).startsWith("Weir / ");
              softly.assertThat(dashboard.path("schemaVersion").asInt()).as(file).isGreaterThan(38);
              softly
                  .assertThat(dashboard.findValuesAsText("name"))
                  .as(file)
                  .contains("datasource", "job", "instance");
              Set<Integer> ids = new HashSet<>();
              for (JsonNode panel : dashboard.path("panels")) {
                String at = file + ": " + panel.path("title").asText();
                softly.assertThat(ids.add(panel.path("id").asInt())).as(at).isTrue();
                if (panel.path("type").asText().equals("row")) {
                  continue;
                }
                softly.assertThat(panel.path("description").asText()).as(at).endsWith(".");
                softly
                    .assertThat(panel.path("fieldConfig").path("defaults").path("unit").asText())
                    .as(at)
                    .isNotBlank();
                softly.assertThat(panel.path("targets").size()).as(at).isPositive();
                for (JsonNode target : panel.path("targets")) {
                  softly.assertThat(target.path("expr").asText()).as(at).isNotBlank();
                  softly
                      .assertThat(target.path("datasource").path("uid").asText())
                      .as(at)
                      .isEqualTo("${datasource}");
                }
              }
            });
    softly.assertThat(uids).hasSize(6);
    softly.assertAll();
  }

  @Test
  void noPanelOverlapsAnother() {
    MonitoringFiles.dashboards()
        .forEach(
            (file, dashboard) -> {
              Set<String> taken = new HashSet<>();
              for (JsonNode panel : dashboard.path("panels")) {
                JsonNode at = panel.path("gridPos");
                assertThat(at.path("x").asInt() + at.path("w").asInt()).isLessThanOrEqualTo(24);
                for (int x = 0; x < at.path("w").asInt(); x++) {
                  for (int y = 0; y < at.path("h").asInt(); y++) {
                    String cell = (at.path("x").asInt() + x) + "," + (at.path("y").asInt() + y);
                    assertThat(taken.add(cell)).as(file + ": " + panel.path("title")).isTrue();
                  }
                }
              }
            });
  }

  @Test
  void everyAlertHasItsRunbookAndSaysWhatItIsAbout() {
    List<MonitoringFiles.Alert> alerts = MonitoringFiles.alerts();
    assertThat(alerts).hasSizeGreaterThan(20);
    SoftAssertions softly = new SoftAssertions();
    for (MonitoringFiles.Alert alert : alerts) {
      JsonNode annotations = alert.json().path("annotations");
      softly.assertThat(alert.json().has("for")).as(alert.name()).isTrue();
      softly
          .assertThat(alert.json().path("labels").path("severity").asText())
          .as(alert.name())
          .isIn("critical", "warning", "info");
      softly.assertThat(annotations.path("summary").asText()).as(alert.name()).isNotBlank();
      softly.assertThat(annotations.path("description").asText()).as(alert.name()).isNotBlank();
      softly
          .assertThat(annotations.path("runbook_url").asText())
          .as(alert.name())
          .isEqualTo(RUNBOOKS + "#" + alert.name().toLowerCase(Locale.ROOT));
    }
    softly.assertAll();
    List<String> headings =
        MonitoringFiles.text(MonitoringFiles.ROOT.resolve(RUNBOOKS))
            .lines()
            .filter(line -> line.startsWith("## "))
            .map(line -> line.substring(3))
            .toList();
    assertThat(headings)
        .as("a runbook per alert, in the order of the rules")
        .containsExactlyElementsOf(alerts.stream().map(MonitoringFiles.Alert::name).toList());
  }

  @Test
  void everyAlertHasATestInWhichItFiresAndOneInWhichItIsSilent() {
    Set<String> fires = new HashSet<>();
    Set<String> silent = new HashSet<>();
    for (JsonNode test : MonitoringFiles.ruleTests()) {
      for (JsonNode check : test.path("alert_rule_test")) {
        (check.path("exp_alerts").isEmpty() ? silent : fires).add(check.path("alertname").asText());
      }
    }
    for (MonitoringFiles.Alert alert : MonitoringFiles.alerts()) {
      assertThat(fires).as("alerts that fire in a test").contains(alert.name());
      assertThat(silent).as("alerts that are silent in a test").contains(alert.name());
    }
  }

  /** A series may not be there before, may be there at 0, and may fall back to 0. */
  @Test
  void everyAlertOnACounterIsTestedFromAbsenceFromZeroAndFromARestart() {
    SoftAssertions softly = new SoftAssertions();
    for (MonitoringFiles.Alert alert : MonitoringFiles.alerts()) {
      if (!alert.expression().contains("unless on (job, instance) (process_uptime_seconds")
          || alert.expression().contains(") / ")
          || alert.expression().contains("/ sum")) {
        continue;
      }
      Set<String> beginnings = new HashSet<>();
      for (JsonNode test : MonitoringFiles.ruleTests()) {
        if (MonitoringFiles.firesIn(test, alert.name())) {
          for (JsonNode series : test.path("input_series")) {
            String metric = series.path("series").asText().replaceAll("\\{.*", "");
            if (alert.expression().contains(metric) && metric.startsWith("weir_")) {
              beginnings.add(MonitoringFiles.beginning(series.path("values").asText()));
            }
          }
        }
      }
      softly.assertThat(beginnings).as(alert.name()).contains("absent", "zero", "restart");
    }
    softly.assertAll();
  }

  /** A code that is not listed makes a counter that is born at 1, which increase() does not see. */
  @Test
  void everyReasonCodeThatIsThrownIsCountedFromTheStart() throws IOException {
    for (String module : List.of("contract", "model", "service", "store")) {
      assertThat(ReasonCodes.COMMON).containsAll(MonitoringFiles.thrownReasons("common/" + module));
    }
    assertThat(TrainerMeters.FAILURE_REASONS)
        .containsAll(MonitoringFiles.thrownReasons("services/trainer"));
    assertThat(InferenceMeters.LOAD_REASONS)
        .containsAll(MonitoringFiles.thrownReasons("services/inference"));
  }

  @Test
  void noDashboardAndNoRuleNamesAMetricThatIsNotDeclared() {
    Set<String> declared =
        MonitoringFiles.declared().stream()
            .map(MeterSpec::prometheusName)
            .collect(Collectors.toSet());
    SoftAssertions softly = new SoftAssertions();
    MonitoringFiles.queries()
        .forEach(query -> known(softly, declared, query.where(), query.expression()));
    MonitoringFiles.rules()
        .forEach(
            rule ->
                known(
                    softly,
                    declared,
                    rule.path("alert").asText(rule.path("record").asText()),
                    rule.path("expr").asText()));
    softly.assertAll();
  }

  private static void known(
      SoftAssertions softly, Set<String> declared, String where, String expression) {
    MonitoringFiles.metrics(expression).stream()
        .filter(name -> name.startsWith("weir_"))
        .map(name -> name.replaceAll("_(bucket|count|sum|max)$", ""))
        .forEach(name -> softly.assertThat(declared).as(where).contains(name));
  }

  @Test
  void everyRecordedSeriesThatIsAskedForIsRecorded() {
    Set<String> recorded =
        MonitoringFiles.rules().stream()
            .map(rule -> rule.path("record").asText())
            .collect(Collectors.toSet());
    MonitoringFiles.queries()
        .forEach(
            query ->
                java.util.regex.Pattern.compile("weir:[a-z0-9_:]+")
                    .matcher(query.expression())
                    .results()
                    .forEach(found -> assertThat(recorded).contains(found.group())));
  }

  @Test
  void theReferenceIsWhatTheCodeDeclares() throws IOException {
    String table = MetricsReference.markdown();
    if (Boolean.getBoolean("weir.write.reference")) {
      Files.writeString(REFERENCE, table);
    }
    assertThat(MonitoringFiles.text(REFERENCE))
        .as("run this test with -Dweir.write.reference=true on the test's JVM and commit the file")
        .isEqualTo(table);
  }
}
