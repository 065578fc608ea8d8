package dev.weir.standalone.supply;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.weir.contract.event.EventJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.apache.maven.artifact.versioning.DefaultArtifactVersion;
import org.apache.maven.artifact.versioning.InvalidVersionSpecificationException;
import org.apache.maven.artifact.versioning.VersionRange;

/**
 * The dated list of {@code security/known-vulnerabilities.json}, held against what is shipped.
 *
 * @param date when the list was looked through for all that is shipped
 * @param notice whose data it is, and under which licence
 * @param accepted what is shipped all the same, and why
 */
record KnownVulnerabilities(
    LocalDate date, String notice, List<Vulnerability> vulnerabilities, List<Accepted> accepted) {

  /** The list of this repository, from a module two directories below its root. */
  static final Path FILE = Path.of("../../security/known-vulnerabilities.json");

  /**
   * A published vulnerability.
   *
   * @param id the advisory's number, or for fixes that have none, the release that has them
   * @param aliases its other numbers
   * @param source where it can be read
   */
  record Vulnerability(
      String id,
      List<String> aliases,
      String severity,
      String what,
      List<Affected> affected,
      String source) {}

  /**
   * An artifact that has it.
   *
   * @param name group and artifact, separated by a colon
   * @param ranges in Maven's notation; any of them
   */
  record Affected(@JsonProperty("package") String name, List<String> ranges) {

    boolean has(ShippedArtifact artifact) {
      return name.equals(artifact.name())
          && ranges.stream().anyMatch(range -> contains(range, artifact.version()));
    }

    private static boolean contains(String range, String version) {
      try {
        VersionRange parsed = VersionRange.createFromVersionSpec(range);
        if (!parsed.hasRestrictions()) {
          throw new IllegalArgumentException("'" + range + "' is no range; write [x,y)");
        }
        return parsed.containsVersion(new DefaultArtifactVersion(version));
      } catch (InvalidVersionSpecificationException e) {
        throw new IllegalArgumentException("'" + range + "' is no range", e);
      }
    }
  }

  /** That one artifact in one version may have one vulnerability. */
  record Accepted(String id, @JsonProperty("package") String name, String version, String reason) {

    boolean covers(Finding finding) {
      return id.equals(finding.vulnerability().id())
          && name.equals(finding.artifact().name())
          && version.equals(finding.artifact().version());
    }
  }

  /** A shipped artifact that has a vulnerability. */
  record Finding(ShippedArtifact artifact, Vulnerability vulnerability) {

    @Override
    public String toString() {
      return "%s:%s has %s %s (%s): %s %s"
          .formatted(
              artifact.name(),
              artifact.version(),
              vulnerability.id(),
              String.join(" ", vulnerability.aliases()),
              vulnerability.severity(),
              vulnerability.what(),
              vulnerability.source());
    }
  }

  static KnownVulnerabilities read(Path file) throws IOException {
    return EventJson.read(Files.readAllBytes(file), KnownVulnerabilities.class);
  }

  /** What is shipped with a vulnerability, accepted or not. */
  List<Finding> all(List<ShippedArtifact> artifacts) {
    List<Finding> findings = new ArrayList<>();
    for (ShippedArtifact artifact : artifacts) {
      for (Vulnerability each : vulnerabilities) {
        if (each.affected().stream().anyMatch(affected -> affected.has(artifact))) {
          findings.add(new Finding(artifact, each));
        }
      }
    }
    return findings;
  }

  /** What is shipped with a vulnerability that nobody has accepted. */
  List<Finding> open(List<ShippedArtifact> artifacts) {
    return all(artifacts).stream()
        .filter(finding -> accepted.stream().noneMatch(each -> each.covers(finding)))
        .toList();
  }

  /** What was accepted and is not shipped any more. */
  Set<Accepted> stale(List<ShippedArtifact> artifacts) {
    List<Finding> findings = all(artifacts);
    Set<Accepted> stale = new LinkedHashSet<>(accepted);
    stale.removeIf(each -> findings.stream().anyMatch(each::covers));
    return stale;
  }
}
