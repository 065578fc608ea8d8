package dev.weir.benchmarks.soak;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.contract.event.Classification;
import dev.weir.contract.event.EventJson;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AnswerCheckTest {

  private final AnswerCheck check =
      new AnswerCheck(
          List.of(
              new Version(1, "aa", List.of(0.9, 0.8)), new Version(2, "bb", List.of(0.1, 0.2))));

  private static String http(int version, String digest, double negative) {
    return "{\"results\":[{\"label\":\"x\",\"version\":%d,\"adapterDigest\":\"%s\",\"scores\":{\"negative\":%s}}]}"
        .formatted(version, digest, negative);
  }

  @Test
  void answersOfTheVersionThatTheyNamePass() {
    check.http(0, http(1, "aa", 0.9002));
    check.http(1, http(2, "bb", 0.2));
    check.kafka(
        1,
        EventJson.write(
            new Classification(
                "r",
                "default",
                1,
                "aa",
                "base",
                "negative",
                Map.of("negative", 0.8, "positive", 0.2),
                false,
                null,
                null,
                1,
                Instant.EPOCH)));
    assertThat(check.errors() + check.wrongDigests() + check.wrongScores()).isZero();
    assertThat(check.answers()).containsOnlyKeys(1, 2);
  }

  @Test
  void anotherVersionsDigestIsNoticed() {
    check.http(0, http(1, "bb", 0.9));
    assertThat(check.wrongDigests()).isEqualTo(1);
    assertThat(check.wrongScores()).isZero();
  }

  @Test
  void anotherVersionsNumbersAreNoticed() {
    check.http(0, http(1, "aa", 0.1));
    assertThat(check.wrongScores()).isEqualTo(1);
    assertThat(check.wrongDigests()).isZero();
  }

  @Test
  void abstentionsAndUnknownVersionsAreErrors() {
    check.http(0, "{\"results\":[{\"label\":null,\"version\":null,\"scores\":{}}]}");
    check.http(0, http(3, "cc", 0.5));
    check.http(0, "no JSON");
    assertThat(check.errors()).isEqualTo(3);
    assertThat(check.examples()).hasSize(3);
  }
}
