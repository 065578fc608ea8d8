package dev.weir.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.Yaml;

/** The operator's form of the rules is that of {@code monitoring/prometheus/rules}. */
class PrometheusRulesTest {

  private static final Path RULES = Repository.ROOT.resolve("monitoring/prometheus/rules");
  private static final Path RESOURCE =
      Repository.ROOT.resolve("k8s/components/monitoring/prometheusrule.yaml");

  @Test
  void theOperatorGetsTheSameRulesAsPrometheus() throws IOException {
    String made = resource();
    Path copy = Path.of("target/references/prometheusrule.yaml");
    Files.createDirectories(copy.getParent());
    Files.writeString(copy, made);
    assertThat(Files.exists(RESOURCE) ? Files.readString(RESOURCE) : "")
        .as("cp deploy/%s k8s/components/monitoring/", copy)
        .isEqualTo(made);
  }

  @Test
  void everyAlertLeadsToItsRunbook() throws IOException {
    Set<String> alerts = new TreeSet<>();
    for (Object group : groups()) {
      for (Object rule : (List<?>) ComposeFile.map(group).get("rules")) {
        Object alert = ComposeFile.map(rule).get("alert");
        if (alert != null) {
          alerts.add(alert.toString());
        }
      }
    }
    String guide = Repository.read(Repository.ROOT.resolve("docs/operations.md"));
    Set<String> linked =
        Pattern.compile("\\[(Weir\\w+)]\\(runbooks\\.md#(\\w+)\\)")
            .matcher(guide)
            .results()
            .map(
                found -> {
                  assertThat(found.group(2)).isEqualToIgnoringCase(found.group(1));
                  return found.group(1);
                })
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(linked).as("alerts that docs/operations.md links").isEqualTo(alerts);
    String runbooks = Repository.read(Repository.ROOT.resolve("docs/runbooks.md"));
    assertThat(alerts)
        .allSatisfy(alert -> assertThat(runbooks).containsPattern("(?m)^#+ " + alert + "$"));
  }

  private static String resource() throws IOException {
    Map<String, Object> metadata = new LinkedHashMap<>();
    metadata.put("name", "weir");
    metadata.put("labels", Map.of("release", "kube-prometheus-stack"));
    Map<String, Object> rule = new LinkedHashMap<>();
    rule.put("apiVersion", "monitoring.coreos.com/v1");
    rule.put("kind", "PrometheusRule");
    rule.put("metadata", metadata);
    rule.put("spec", Map.of("groups", groups()));
    DumperOptions options = new DumperOptions();
    options.setDefaultFlowStyle(DumperOptions.FlowStyle.BLOCK);
    options.setSplitLines(false);
    return "# Made from monitoring/prometheus/rules; a test compares them and says how to renew it.\n"
        + new Yaml(options).dump(rule);
  }

  private static List<Object> groups() throws IOException {
    List<Path> files;
    try (Stream<Path> found = Files.list(RULES)) {
      files = found.filter(each -> each.toString().endsWith(".yml")).sorted().toList();
    }
    List<Object> groups = new ArrayList<>();
    for (Path file : files) {
      groups.addAll((List<?>) Repository.yaml(file).get("groups"));
    }
    return groups;
  }
}
