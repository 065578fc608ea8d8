package dev.weir.standalone.supply;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KnownVulnerabilitiesTest {

  private KnownVulnerabilities known;

  @BeforeEach
  void read() throws Exception {
    known = KnownVulnerabilities.read(KnownVulnerabilities.FILE);
  }

  /** The four that were reproduced on a running service. */
  @Test
  void namesTheNettyThatExecutedHiddenRequests() {
    List<KnownVulnerabilities.Finding> findings =
        known.open(List.of(artifact("io.netty:netty-codec-http", "4.2.9.Final")));
    assertThat(findings)
        .extracting(finding -> finding.vulnerability().aliases())
        .contains(List.of("CVE-2026-33870"), List.of("CVE-2026-42581"), List.of("CVE-2026-50020"));
    assertThat(findings.get(0).toString())
        .contains("io.netty:netty-codec-http:4.2.9.Final has GHSA-", "https://");
    assertThat(known.open(List.of(artifact("io.netty:netty-codec-http", "4.2.17.Final"))))
        .extracting(finding -> finding.vulnerability().aliases())
        .contains(List.of("CVE-2026-89044"));
  }

  /** Versions are compared as Maven compares them. */
  @ParameterizedTest
  @CsvSource({
    "4.2.9.Final, true",
    "4.2.0.Alpha1, true",
    "4.2.10.Final, false",
    "4.2.11.Final, false",
    "4.1.131.Final, true",
    "4.1.132.Final, false",
    "4.1.9.Final, true",
    "5.0.0.Alpha2, false",
  })
  void aRangeIncludesItsBeginAndNotItsFix(String version, boolean affected) {
    assertThat(known.all(List.of(artifact("io.netty:netty-codec-http", version))))
        .extracting(finding -> finding.vulnerability().id())
        .satisfies(
            ids -> assertThat(ids.contains("GHSA-pwqr-wmgm-9rr8")).as(version).isEqualTo(affected));
  }

  @Test
  void whatIsAcceptedIsAcceptedForOneVersionOfOneArtifact() {
    KnownVulnerabilities.Accepted accepted = known.accepted().get(0);
    assertThat(known.open(List.of(artifact(accepted.name(), accepted.version()))))
        .noneMatch(finding -> finding.vulnerability().id().equals(accepted.id()));
    assertThat(known.all(List.of(artifact(accepted.name(), accepted.version()))))
        .anyMatch(finding -> finding.vulnerability().id().equals(accepted.id()));
    assertThat(known.stale(List.of(artifact(accepted.name(), "999")))).contains(accepted);
  }

  /** A list with a gap is worse than none: nobody would look for it. */
  @Test
  void everyEntryIsWhole() {
    assertThat(known.notice()).contains("CC-BY-4.0", "github.com/github/advisory-database");
    assertThat(known.vulnerabilities()).hasSizeGreaterThan(40);
    assertThat(known.vulnerabilities())
        .extracting(KnownVulnerabilities.Vulnerability::id)
        .doesNotHaveDuplicates();
    for (KnownVulnerabilities.Vulnerability each : known.vulnerabilities()) {
      assertThat(each.id()).isNotBlank();
      assertThat(each.what()).as(each.id()).isNotBlank();
      assertThat(each.source()).as(each.id()).startsWith("https://");
      assertThat(each.affected()).as(each.id()).isNotEmpty();
      for (KnownVulnerabilities.Affected affected : each.affected()) {
        assertThat(affected.name()).as(each.id()).matches("[^:]+:[^:]+");
        assertThatCode(() -> affected.has(artifact(affected.name(), "1")))
            .as(each.id())
            .doesNotThrowAnyException();
      }
    }
    for (KnownVulnerabilities.Accepted each : known.accepted()) {
      assertThat(each.reason()).as(each.id()).isNotBlank();
      assertThat(known.vulnerabilities()).anyMatch(any -> any.id().equals(each.id()));
    }
  }

  @Test
  void refusesARangeThatIsNone() {
    for (String range : List.of("4.2.9", "", "[4", "<4.2")) {
      KnownVulnerabilities.Affected bad = new KnownVulnerabilities.Affected("a:b", List.of(range));
      assertThatThrownBy(() -> bad.has(artifact("a:b", "1")))
          .as(range)
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  private static ShippedArtifact artifact(String name, String version) {
    return new ShippedArtifact(name, version, "");
  }
}
