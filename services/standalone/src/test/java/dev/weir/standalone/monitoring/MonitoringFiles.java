package dev.weir.standalone.monitoring;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.weir.curation.meter.CurationMeters;
import dev.weir.inference.meter.InferenceMeters;
import dev.weir.service.ops.CommonMeters;
import dev.weir.service.ops.MeterSpec;
import dev.weir.trainer.meter.TrainerMeters;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The dashboards, rules and runbooks of this repository, as tests see them. */
final class MonitoringFiles {

  static final Path ROOT = Path.of("../..").toAbsolutePath().normalize();
  static final Path PROMETHEUS = ROOT.resolve("monitoring/prometheus");
  static final Path ALERTMANAGER = ROOT.resolve("monitoring/alertmanager/alertmanager.yml");
  static final Path DASHBOARDS = ROOT.resolve("monitoring/grafana/dashboards");

  /** Names that are followed by no bracket are metrics; functions and keywords are not. */
  private static final Pattern METRIC =
      Pattern.compile("\\b(up|(?:weir|kafka|jvm|process|system)_[a-z0-9_]+)\\b(?!\\s*\\()");

  private MonitoringFiles() {}

  /**
   * One query of a panel.
   *
   * @param emptyWhile whether the panel's description says that it is empty in good times
   * @param saysWhatItWaitsFor whether it says when it is empty
   */
  record Query(
      String where,
      String expression,
      boolean instant,
      boolean emptyWhile,
      boolean saysWhatItWaitsFor) {}

  /** One alert. */
  record Alert(String name, String expression, JsonNode json) {}

  static Map<String, JsonNode> dashboards() {
    Map<String, JsonNode> dashboards = new LinkedHashMap<>();
    for (Path file : files(DASHBOARDS, ".json")) {
      dashboards.put(file.getFileName().toString(), json(file));
    }
    return dashboards;
  }

  /** All queries of all panels and annotations. */
  static List<Query> queries() {
    List<Query> queries = new ArrayList<>();
    dashboards()
        .forEach(
            (file, dashboard) -> {
              for (JsonNode panel : dashboard.path("panels")) {
                String description = panel.path("description").asText();
                boolean empty = description.contains("Empty while");
                for (JsonNode target : panel.path("targets")) {
                  queries.add(
                      new Query(
                          file + ": " + panel.path("title").asText(),
                          target.path("expr").asText(),
                          target.path("instant").asBoolean(),
                          empty,
                          description.contains("Empty ")));
                }
              }
              for (JsonNode annotation : dashboard.path("annotations").path("list")) {
                if (annotation.has("expr")) {
                  queries.add(
                      new Query(
                          file + ": annotation " + annotation.path("name").asText(),
                          annotation.path("expr").asText(),
                          false,
                          true,
                          true));
                }
              }
            });
    return queries;
  }

  static List<Alert> alerts() {
    List<Alert> alerts = new ArrayList<>();
    for (JsonNode rule : rules()) {
      if (rule.has("alert")) {
        alerts.add(new Alert(rule.path("alert").asText(), rule.path("expr").asText(), rule));
      }
    }
    return alerts;
  }

  static List<JsonNode> rules() {
    List<JsonNode> rules = new ArrayList<>();
    for (Path file : files(PROMETHEUS.resolve("rules"), ".yml")) {
      for (JsonNode group : yaml(file).path("groups")) {
        group.path("rules").forEach(rules::add);
      }
    }
    return rules;
  }

  /** The tests of promtool, from all files. */
  static List<JsonNode> ruleTests() {
    List<JsonNode> tests = new ArrayList<>();
    for (Path file : files(PROMETHEUS.resolve("tests"), ".yml")) {
      yaml(file).path("tests").forEach(tests::add);
    }
    return tests;
  }

  static boolean firesIn(JsonNode test, String alert) {
    for (JsonNode check : test.path("alert_rule_test")) {
      if (check.path("alertname").asText().equals(alert) && !check.path("exp_alerts").isEmpty()) {
        return true;
      }
    }
    return false;
  }

  /**
   * How a series of promtool's begins: {@code absent}, at {@code zero}, or with a {@code restart}.
   */
  static String beginning(String values) {
    String first = values.strip().split("\\s+")[0];
    if (first.startsWith("_")) {
      return values.matches("_x\\d+ 0x?.*") ? "zero" : "absent";
    }
    return values.matches("[1-9]\\d*x\\d+ 0x.*") ? "restart" : first.startsWith("0") ? "zero" : "";
  }

  /** The codes of exceptions that a module's sources throw, by how they are written there. */
  static Set<String> thrownReasons(String module) throws IOException {
    Pattern thrown =
        Pattern.compile(
            "new (?:Store|Model|Load|Training|Device|UntrustedArtifact)Exception\\(\\s*\"([a-z]+(?:-[a-z]+)*)\"");
    Set<String> codes = new TreeSet<>();
    try (Stream<Path> sources = Files.walk(ROOT.resolve(module).resolve("src/main/java"))) {
      for (Path source : sources.filter(file -> file.toString().endsWith(".java")).toList()) {
        thrown.matcher(text(source)).results().forEach(found -> codes.add(found.group(1)));
      }
    }
    return codes;
  }

  static List<MeterSpec> declared() {
    List<MeterSpec> specs = new ArrayList<>(CommonMeters.all());
    specs.addAll(CurationMeters.all());
    specs.addAll(TrainerMeters.all());
    specs.addAll(InferenceMeters.all());
    return specs;
  }

  /** The metrics that an expression names; recorded ones ({@code weir:…}) are not among them. */
  static Set<String> metrics(String expression) {
    Set<String> names = new TreeSet<>();
    Matcher matcher = METRIC.matcher(expression.replaceAll("\"[^\"]*\"", "\"\""));
    while (matcher.find()) {
      names.add(matcher.group(1));
    }
    return names;
  }

  static List<Path> files(Path directory, String suffix) {
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(file -> file.toString().endsWith(suffix)).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static JsonNode json(Path file) {
    try {
      return new ObjectMapper().readTree(file.toFile());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static JsonNode yaml(Path file) {
    try {
      return new YAMLMapper().readTree(file.toFile());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
