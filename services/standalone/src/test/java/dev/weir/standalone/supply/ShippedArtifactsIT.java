package dev.weir.standalone.supply;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.weir.contract.fault.Digests;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * What is shipped, which is what lies in {@code target/weir/lib}: its bill of materials, and what
 * is known against it. After the package phase.
 */
class ShippedArtifactsIT {

  private static final Path SHIPPED = Path.of("target/weir");
  private static final Path BILL = SHIPPED.resolve("sbom.json");
  private static final Path REPORT = Path.of("target/vulnerabilities.txt");

  /** Maven offline ({@code mvn -o}) writes no bill, and one that lies there is of another build. */
  @BeforeAll
  static void aBillIsWritten() {
    assumeThat(System.getProperty("weir.maven", "")).isNotEqualTo("offline=true");
    assertThat(BILL).as("the bill of materials").exists();
  }

  /** By the digests of the files: a name may lie. */
  @Test
  void theBillListsWhatIsShippedAndNothingElse() throws Exception {
    Map<String, String> files = new LinkedHashMap<>();
    try (Stream<Path> jars = Files.list(SHIPPED.resolve("lib"))) {
      for (Path jar : jars.sorted().toList()) {
        files.put(jar.getFileName().toString(), Digests.sha256(jar));
      }
    }
    List<String> listed = new ArrayList<>();
    for (ShippedArtifact each : ShippedArtifact.read(BILL)) {
      String artifact = each.name().substring(each.name().indexOf(':') + 1);
      String file = artifact + "-" + each.version();
      List<String> found =
          files.keySet().stream()
              .filter(name -> name.equals(file + ".jar") || isClassified(name, file))
              .toList();
      assertThat(found).as("files of " + each).hasSize(1);
      if (!each.sha256().isEmpty()) {
        assertThat(files.get(found.get(0))).as("digest of " + each).isEqualTo(each.sha256());
      } else {
        assertThat(each.name()).as("an artifact without a digest").startsWith("dev.weir:");
      }
      listed.add(found.get(0));
    }
    assertThat(listed).containsExactlyInAnyOrderElementsOf(files.keySet());
  }

  /** Such as pytorch-native-cpu-2.7.1-linux-x86_64.jar. */
  private static boolean isClassified(String name, String file) {
    return name.matches(java.util.regex.Pattern.quote(file) + "-[a-z]+-[a-z0-9_]+\\.jar");
  }

  @Test
  void nothingIsShippedThatIsKnownToBeVulnerable() throws Exception {
    KnownVulnerabilities known = KnownVulnerabilities.read(KnownVulnerabilities.FILE);
    List<ShippedArtifact> artifacts = ShippedArtifact.read(BILL);
    report(known, artifacts);
    assertThat(artifacts).hasSizeGreaterThan(100);
    assertThat(known.open(artifacts))
        .as("update them, or accept them in %s with a reason", KnownVulnerabilities.FILE)
        .isEmpty();
    assertThat(known.stale(artifacts)).as("accepted, and not shipped any more").isEmpty();
  }

  /** A bill as that of before, with the Netty of the Vert.x BOM. */
  @Test
  void anOldNettyInTheBillIsNamed() throws Exception {
    KnownVulnerabilities known = KnownVulnerabilities.read(KnownVulnerabilities.FILE);
    Path planted = Files.createTempFile("sbom", ".json");
    try {
      Files.writeString(
          planted, Files.readString(BILL).replaceAll("4\\.2\\.\\d+\\.Final", "4.2.9.Final"));
      assertThat(known.open(ShippedArtifact.read(planted)))
          .map(KnownVulnerabilities.Finding::toString)
          .anyMatch(each -> each.startsWith("io.netty:netty-codec-http:4.2.9.Final has GHSA-pwqr"));
    } finally {
      Files.delete(planted);
    }
  }

  private static void report(KnownVulnerabilities known, List<ShippedArtifact> artifacts)
      throws IOException {
    List<String> lines = new ArrayList<>();
    lines.add(
        "%d artifacts are shipped; %d vulnerabilities are in the list of %s"
            .formatted(artifacts.size(), known.vulnerabilities().size(), known.date()));
    List<KnownVulnerabilities.Finding> open = known.open(artifacts);
    open.forEach(each -> lines.add("OPEN      " + each));
    for (KnownVulnerabilities.Accepted each : known.accepted()) {
      lines.add(
          "accepted  %s:%s has %s: %s"
              .formatted(each.name(), each.version(), each.id(), each.reason()));
    }
    lines.add(open.isEmpty() ? "none is open" : open.size() + " are open");
    Files.write(REPORT, lines);
  }
}
