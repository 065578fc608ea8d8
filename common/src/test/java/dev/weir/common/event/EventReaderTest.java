package dev.weir.common.event;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.common.event.Parsed.Accepted;
import dev.weir.common.event.Parsed.Reason;
import dev.weir.common.event.Parsed.Rejected;
import java.time.Instant;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EventReaderTest {

  @Test
  void readsReviewWithUnknownFieldsAndKeepsAttributes() {
    Review review =
        accepted(
            "k",
            "{\"id\":\"r1\",\"text\":\"fine\",\"timestamp\":\"2026-01-02T03:04:05Z\",\"attributes\":{\"shop\":7},\"new\":[]}");
    assertThat(review.id()).isEqualTo("r1");
    assertThat(review.adapter()).isEqualTo("default");
    assertThat(review.timestamp()).isEqualTo(Instant.parse("2026-01-02T03:04:05Z"));
    assertThat(review.attributes().get("shop").intValue()).isEqualTo(7);
  }

  @Test
  void takesEpochMillisecondsAndNumericIds() {
    Review review = accepted("k", "{\"id\":17,\"text\":\"fine\",\"timestamp\":1700000000000}");
    assertThat(review.id()).isEqualTo("17");
    assertThat(review.timestamp()).isEqualTo(Instant.ofEpochMilli(1_700_000_000_000L));
  }

  @Test
  void recordKeyStandsInForMissingId() {
    assertThat(accepted("k1", "{\"text\":\"fine\"}").id()).isEqualTo("k1");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '^',
      value = {
        "{\"id\":\"r\",\"text\":~malformed-json",
        "[1,2]~malformed-json",
        "~malformed-json",
        "{} {}~malformed-json",
        "{\"id\":\"r\"}~missing-text",
        "{\"id\":\"r\",\"text\":null}~missing-text",
        "{\"id\":\"r\",\"text\":\" \\n \"}~empty-text",
        "{\"id\":\"r\",\"text\":\"\\u200b\\u0000\"}~empty-text",
        "{\"id\":\"r\",\"text\":{\"a\":1}}~wrong-type",
        "{\"id\":\"r\",\"text\":\"x\",\"timestamp\":\"yesterday\"}~wrong-type",
        "{\"id\":\"r\",\"text\":\"x\",\"attributes\":3}~wrong-type",
        "{\"id\":\"r\",\"text\":\"x\",\"adapter\":\"../etc\"}~bad-adapter-name"
      })
  void namesWhatIsWrongWithReview(String json, String code) {
    Parsed<Review> parsed =
        EventReader.review("k".getBytes(UTF_8), (json == null ? "" : json).getBytes(UTF_8));
    assertThat(parsed).isInstanceOf(Rejected.class);
    Rejected<Review> rejected = (Rejected<Review>) parsed;
    assertThat(rejected.reason().code()).isEqualTo(code);
    assertThat(rejected.message()).isNotBlank();
  }

  @Test
  void rejectsNullValueMissingIdAndOverlongText() {
    assertThat(reason(EventReader.review(null, (byte[]) null))).isEqualTo(Reason.NULL_VALUE);
    assertThat(reason(EventReader.review(null, "{\"text\":\"x\"}".getBytes(UTF_8))))
        .isEqualTo(Reason.MISSING_ID);
    String long2Mb = "x".repeat(2 << 20);
    assertThat(
            reason(EventReader.review(null, EventJson.write(Map.of("id", "r", "text", long2Mb)))))
        .isEqualTo(Reason.TEXT_TOO_LONG);
    assertThat(
            reason(
                EventReader.review(
                    null, EventJson.write(Map.of("id", "i".repeat(300), "text", "x")))))
        .isEqualTo(Reason.ID_TOO_LONG);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '^',
      value = {
        "{\"reviewId\":\"r\"}~missing-label",
        "{\"reviewId\":\"r\",\"label\":\"a\",\"stars\":2}~ambiguous-label",
        "{\"reviewId\":\"r\",\"verdict\":\"maybe\"}~wrong-type",
        "{\"reviewId\":\"r\",\"stars\":\"many\"}~wrong-type",
        "{\"label\":\"positive\"}~missing-text"
      })
  void namesWhatIsWrongWithFeedback(String json, String code) {
    assertThat(reason(EventReader.feedback(null, json.getBytes(UTF_8))).code()).isEqualTo(code);
  }

  @Test
  void readsEachKindOfOpinion() {
    assertThat(feedback("{\"reviewId\":\"r\",\"label\":\"Positive\"}").label())
        .isEqualTo("Positive");
    assertThat(feedback("{\"reviewId\":\"r\",\"verdict\":\"Disagree\"}").verdict())
        .isEqualTo(Feedback.Verdict.DISAGREE);
    assertThat(feedback("{\"reviewId\":\"r\",\"stars\":\"4.5\"}").stars()).isEqualTo(4.5);
    assertThat(feedback("{\"verdict\":\"agree\"}").reviewId()).isEqualTo("key");
  }

  @Property(tries = 500)
  void neverThrowsOnAnyBytes(@ForAll byte[] value) {
    assertThat(EventReader.review(value, value)).isNotNull();
    assertThat(EventReader.feedback(value, value)).isNotNull();
  }

  private static Feedback feedback(String json) {
    return ((Accepted<Feedback>) EventReader.feedback("key".getBytes(UTF_8), json.getBytes(UTF_8)))
        .event();
  }

  private static Review accepted(String key, String json) {
    return ((Accepted<Review>) EventReader.review(key.getBytes(UTF_8), json.getBytes(UTF_8)))
        .event();
  }

  private static Reason reason(Parsed<?> parsed) {
    return ((Rejected<?>) parsed).reason();
  }
}
