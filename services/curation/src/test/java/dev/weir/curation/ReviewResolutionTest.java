package dev.weir.curation;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.contract.event.Example;
import dev.weir.contract.topic.DeadLetter;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Feedback finds text, adapter and label through its review and the served answer. */
class ReviewResolutionTest {

  private static final String LABELED = "{\"reviewId\":\"r1\",\"label\":\"positive\"}";
  private static final String AGREE = "{\"reviewId\":\"r1\",\"verdict\":\"agree\"}";
  private static final String DISAGREE = "{\"reviewId\":\"r1\",\"verdict\":\"disagree\"}";

  private final TestingCuration curation =
      TestingCuration.with(
          "ADAPTERS", "default=negative|neg|0@1-2,positive|pos|1@4-5;topic=sport,politics,art",
          "CURATION_REVIEW_WAIT", "10m",
          "CURATION_RETENTION", "1h");

  @AfterEach
  void close() {
    curation.close();
  }

  @Test
  void takesTextAndAdapterFromReview() {
    curation.review("r1", "a fine match", "topic");
    curation.feedback("{\"reviewId\":\"r1\",\"label\":\"SPORT\",\"source\":\"ann\"}");

    Example example = curation.examples().get(0);
    assertThat(example.adapter()).isEqualTo("topic");
    assertThat(example.text()).isEqualTo("a fine match");
    assertThat(example.label()).isEqualTo("sport");
    assertThat(example.reviewId()).isEqualTo("r1");
    assertThat(example.source()).isEqualTo("ann");
    assertThat(curation.exampleRecords().get(0).key()).isEqualTo(example.key());
  }

  @Test
  void takesReviewIdFromTheRecordsKey() {
    curation.review("r1", "a fine match");
    curation.feedback("r1".getBytes(UTF_8), "{\"stars\":\"5\"}".getBytes(UTF_8));

    assertThat(curation.examples()).extracting(Example::label).containsExactly("positive");
  }

  @Test
  void prefersTheFeedbacksOwnTextAndAdapter() {
    curation.review("r1", "a fine match", "topic");
    curation.feedback(
        "{\"reviewId\":\"r1\",\"text\":\"corrected\",\"adapter\":\"default\",\"label\":\"pos\"}");

    Example example = curation.examples().get(0);
    assertThat(example.adapter()).isEqualTo("default");
    assertThat(example.text()).isEqualTo("corrected");
  }

  @Test
  void newestReviewOfARepeatedIdCounts() {
    curation.review("r1", "first");
    curation.advance(Duration.ofSeconds(1));
    curation.review("r1", "second");
    curation.feedback(LABELED);

    assertThat(curation.examples()).extracting(Example::text).containsExactly("second");
  }

  @Test
  void feedbackOnARepeatedReviewIdIsFine() {
    curation.review("r1", "first");
    curation.feedback(LABELED);
    curation.advance(Duration.ofSeconds(1));
    curation.review("r1", "second");
    curation.feedback(LABELED);

    assertThat(curation.examples()).extracting(Example::text).containsExactly("first", "second");
    assertThat(curation.deadLetters()).isEmpty();
  }

  @Test
  void waitsForAReviewThatComesLate() {
    curation.feedback(LABELED);
    curation.feedback("{\"reviewId\":\"r2\",\"label\":\"negative\"}");
    curation.advance(Duration.ofMinutes(9));
    assertThat(curation.waiting()).isEqualTo(2);
    assertThat(curation.examples()).isEmpty();

    curation.review("r1", "here at last");

    assertThat(curation.examples()).extracting(Example::text).containsExactly("here at last");
    assertThat(curation.examples().get(0).feedback().offset()).isZero();
    assertThat(curation.waiting()).isEqualTo(1);
    assertThat(curation.count("weir.curation.buffered")).isEqualTo(2);
  }

  @Test
  void givesUpOnAReviewThatDoesNotCome() {
    byte[] key = "own-id".getBytes(UTF_8);
    curation.feedback(key, LABELED.getBytes(UTF_8));
    curation.advance(Duration.ofMinutes(10).minusSeconds(1));
    assertThat(curation.deadLetters()).isEmpty();

    curation.advance(Duration.ofSeconds(1));

    assertThat(curation.deadLetters()).hasSize(1);
    var letter = curation.deadLetters().get(0);
    assertThat(letter.key()).isEqualTo(key);
    assertThat(letter.value()).isEqualTo(LABELED.getBytes(UTF_8));
    assertThat(TestingCuration.header(letter, DeadLetter.REASON)).isEqualTo("unknown-review");
    assertThat(TestingCuration.header(letter, DeadLetter.MESSAGE)).contains("'r1'").contains("10m");
    assertThat(TestingCuration.header(letter, DeadLetter.SOURCE)).isEqualTo("feedback-0@0");
    assertThat(curation.waiting()).isZero();
  }

  @Test
  void forgetsReviewsAfterTheRetention() {
    curation.review("r1", "long ago");
    curation.advance(Duration.ofHours(3));
    curation.review("r2", "now");

    curation.feedback(LABELED);

    assertThat(curation.examples()).isEmpty();
    assertThat(curation.waiting()).isEqualTo(1);
  }

  @Test
  void forgetsMoreReviewsThanOneSweepLooksAt() {
    for (int i = 0; i < 2500; i++) {
      curation.review("r" + i, "text");
    }
    assertThat(curation.kept()).isEqualTo(2500);
    curation.advance(Duration.ofMinutes(61));
    assertThat(curation.kept()).isEqualTo(1500);
    curation.advance(Duration.ofSeconds(1));
    curation.advance(Duration.ofSeconds(1));

    assertThat(curation.kept()).isZero();
  }

  @Test
  void releasesTheFeedbackOfOneReviewOnly() {
    curation.feedback("{\"reviewId\":\"r1\",\"label\":\"positive\"}");
    curation.feedback("{\"reviewId\":\"r10\",\"label\":\"positive\"}");
    curation.feedback("{\"reviewId\":\"r1\\u0000\",\"label\":\"positive\"}");

    curation.review("r1", "here");

    assertThat(curation.examples()).extracting(Example::reviewId).containsExactly("r1");
    assertThat(curation.waiting()).isEqualTo(2);
  }

  @Test
  void passesOverReviewsAndAnswersThatCannotBeRead() {
    curation.rawReview(null, null);
    curation.rawReview("r1".getBytes(UTF_8), "{".getBytes(UTF_8));
    curation.rawClassification(null, null);
    curation.rawClassification("r1".getBytes(UTF_8), "null".getBytes(UTF_8));
    curation.rawClassification("r1".getBytes(UTF_8), "{\"version\":{}}".getBytes(UTF_8));
    curation.rawClassification("r1".getBytes(UTF_8), "{}".getBytes(UTF_8));
    curation.review("r1", "fine");
    curation.feedback(LABELED);

    assertThat(curation.examples()).hasSize(1);
    assertThat(curation.deadLetters()).isEmpty();
  }

  @Test
  void agreementGivesTheServedLabel() {
    curation.review("r1", "fine");
    curation.served("r1", "default", 3, "positive");
    curation.feedback(AGREE);

    assertThat(curation.examples()).extracting(Example::label).containsExactly("positive");
  }

  @Test
  void disagreementGivesTheOtherOfTwoLabels() {
    curation.review("r1", "fine");
    curation.served("r1", "default", 3, "positive");
    curation.feedback(DISAGREE);

    assertThat(curation.examples()).extracting(Example::label).containsExactly("negative");
  }

  @Test
  void disagreementAmongThreeLabelsIsUnresolvable() {
    curation.review("r1", "fine", "topic");
    curation.served("r1", "topic", 3, "sport");
    curation.feedback(DISAGREE);

    assertUnresolvable("3 labels");
  }

  @Test
  void verdictOnAnAbstentionIsUnresolvable() {
    curation.review("r1", "fine");
    curation.abstained("r1", "default");
    curation.feedback(AGREE);

    assertUnresolvable("abstained");
  }

  @Test
  void verdictForAnotherAdapterThanTheOneThatAnsweredIsUnresolvable() {
    curation.review("r1", "fine");
    curation.served("r1", "default", 3, "positive");
    curation.feedback("{\"reviewId\":\"r1\",\"verdict\":\"agree\",\"adapter\":\"topic\"}");

    assertUnresolvable("came from adapter 'default'");
  }

  @Test
  void verdictWaitsForTheAnswer() {
    curation.feedback(AGREE);
    curation.review("r1", "fine");
    assertThat(curation.waiting()).isEqualTo(1);

    curation.served("r1", "default", 1, "negative");

    assertThat(curation.examples()).extracting(Example::label).containsExactly("negative");
    assertThat(curation.waiting()).isZero();
  }

  @Test
  void verdictOnWhatIsNeverAnsweredIsUnresolvable() {
    curation.review("r1", "fine");
    curation.feedback(AGREE);
    curation.advance(Duration.ofMinutes(10));

    assertUnresolvable("nothing was served");
  }

  @Test
  void feedbackFromTheFutureIsTakenAsGivenNow() {
    curation.feedback("{\"text\":\"a\",\"label\":\"pos\",\"timestamp\":\"9998-01-01T00:00:00Z\"}");
    curation.feedback("{\"text\":\"b\",\"label\":\"pos\",\"timestamp\":1000}");

    assertThat(curation.examples())
        .extracting(Example::feedbackAt)
        .containsExactly(TestingCuration.START, Instant.ofEpochSecond(1000));
  }

  private void assertUnresolvable(String inMessage) {
    assertThat(curation.examples()).isEmpty();
    var letter = curation.deadLetters().get(0);
    assertThat(TestingCuration.header(letter, DeadLetter.REASON)).isEqualTo("unresolvable-verdict");
    assertThat(TestingCuration.header(letter, DeadLetter.MESSAGE)).contains(inMessage);
  }
}
