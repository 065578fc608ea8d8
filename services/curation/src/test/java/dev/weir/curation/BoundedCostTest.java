package dev.weir.curation;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.common.event.Example;
import dev.weir.common.topic.DeadLetter;
import dev.weir.curation.deadletter.Letter;
import dev.weir.curation.limit.AdapterLimiter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.junit.jupiter.api.Test;

/** What one record, one review or one invented name may cost. */
class BoundedCostTest {

  private static final String TOO_MANY = "too-many-waiting";

  @Test
  void muchFeedbackOnOneReviewIsSettledInSteps() {
    try (TestingCuration curation = TestingCuration.with()) {
      for (int i = 0; i < 900; i++) {
        curation.feedback("{\"reviewId\":\"hot\",\"label\":\"positive\"}");
      }
      curation.review("hot", "fine");
      assertThat(curation.waiting()).isEqualTo(850);

      // The same review again must not look at all of them once more.
      curation.review("hot", "fine");
      assertThat(curation.waiting()).isEqualTo(850);

      curation.advance(Duration.ofMillis(100));
      assertThat(curation.waiting()).isZero();
      assertThat(curation.deadLetters()).isEmpty();
      assertThat(curation.examples()).hasSize(1);
    }
  }

  @Test
  void onlySoMuchFeedbackWaitsForOneReview() {
    try (TestingCuration curation = TestingCuration.with()) {
      for (int i = 0; i < 1002; i++) {
        curation.feedback("{\"reviewId\":\"hot\",\"label\":\"positive\"}");
      }
      curation.feedback("{\"reviewId\":\"other\",\"label\":\"positive\"}");

      assertThat(curation.waiting()).isEqualTo(1001);
      assertThat(curation.deadLetters())
          .hasSize(2)
          .allSatisfy(
              letter ->
                  assertThat(TestingCuration.header(letter, DeadLetter.REASON))
                      .isEqualTo(TOO_MANY));

      curation.review("hot", "fine");
      curation.advance(Duration.ofMillis(100));
      curation.advance(Duration.ofMillis(100));
      assertThat(curation.waiting()).isEqualTo(1);
      curation.feedback("{\"reviewId\":\"new\",\"label\":\"positive\"}");
      assertThat(curation.waiting()).isEqualTo(2);
    }
  }

  @Test
  void whatStillWaitsAfterItsReviewCameWaitsForTheAnswer() {
    try (TestingCuration curation = TestingCuration.with()) {
      for (int i = 0; i < 200; i++) {
        String opinion = i % 2 == 0 ? "\"verdict\":\"agree\"" : "\"label\":\"positive\"";
        curation.feedback("{\"reviewId\":\"hot\",%s}".formatted(opinion));
      }
      curation.review("hot", "fine");
      curation.advance(Duration.ofMillis(100));
      assertThat(curation.waiting()).isEqualTo(100);

      curation.served("hot", "default", 1, "positive");
      curation.advance(Duration.ofMillis(100));
      assertThat(curation.waiting()).isZero();
    }
  }

  @Test
  void inventedAdaptersAreBoundedAndDeclaredOnesAlwaysPass() {
    try (TestingCuration curation =
        TestingCuration.with("ADAPTERS", "*=negative,positive;mine=negative,positive")) {
      for (int i = 0; i < AdapterLimiter.MAX_ADAPTERS + 3; i++) {
        labeled(curation, "a" + i);
      }
      labeled(curation, "mine");
      labeled(curation, "a0");

      assertThat(curation.examples()).hasSize(AdapterLimiter.MAX_ADAPTERS + 2);
      assertThat(curation.examples()).extracting(Example::adapter).contains("mine");
      assertThat(curation.deadLetters())
          .hasSize(3)
          .allSatisfy(
              letter ->
                  assertThat(TestingCuration.header(letter, DeadLetter.REASON))
                      .isEqualTo("too-many-adapters"));
      assertThat(curation.registry.find("weir.curation.open.examples").gauges())
          .hasSize(AdapterLimiter.MAX_ADAPTERS + 1);
    }
  }

  private static void labeled(TestingCuration curation, String adapter) {
    curation.feedback(
        "{\"text\":\"text %d\",\"label\":\"positive\",\"adapter\":\"%s\"}"
            .formatted(curation.examples().size(), adapter));
  }

  @Test
  void ofARecordThatUnpacksToTooMuchOnlyTheBeginningIsKept() {
    BoundedBytes values = bytes(false);
    Headers headers = new RecordHeaders();
    byte[] kept = values.deserialize("feedback", headers, ByteBuffer.allocate(4_000_000));

    assertThat(kept).hasSize(Letter.EXCERPT_BYTES);
    try (TestingCuration curation = TestingCuration.with()) {
      curation.feedback("key".getBytes(UTF_8), kept, (RecordHeaders) headers);
      curation.labeled("after", "positive");

      assertThat(curation.examples()).hasSize(1);
      assertThat(TestingCuration.header(curation.deadLetters().get(0), DeadLetter.REASON))
          .isEqualTo("record-too-large");
      assertThat(TestingCuration.header(curation.deadLetters().get(0), DeadLetter.MESSAGE))
          .contains("4000000");
    }
  }

  @Test
  void keysAndHeadersAreBoundedTooAndInternalTopicsAreNot() {
    BoundedBytes keys = bytes(true);
    Headers headers = new RecordHeaders();
    IntStream.range(0, 20).forEach(i -> headers.add("h" + i, new byte[100_000]));

    assertThat(keys.deserialize("feedback", headers, ByteBuffer.allocate(1_000_000)))
        .hasSize(Letter.EXCERPT_BYTES);
    assertThat(headers.toArray()).hasSizeLessThan(3);
    assertThat(keys.deserialize("by-review", new RecordHeaders(), ByteBuffer.allocate(1_000_000)))
        .hasSize(1_000_000);
    assertThat(keys.deserialize("feedback", new RecordHeaders(), (ByteBuffer) null)).isNull();
  }

  private static BoundedBytes bytes(boolean keys) {
    return new BoundedBytes(Set.of("feedback"), keys, new SimpleMeterRegistry());
  }
}
