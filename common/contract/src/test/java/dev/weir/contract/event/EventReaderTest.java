package dev.weir.contract.event;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.contract.event.Parsed.Accepted;
import dev.weir.contract.event.Parsed.Reason;
import dev.weir.contract.event.Parsed.Rejected;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

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

  @ParameterizedTest
  @ValueSource(strings = {"id", "text", "adapter"})
  void booleansAreNoTexts(String field) {
    ObjectNode json = EventJson.mapper().createObjectNode().put("id", "r").put("text", "fine");
    Parsed<Review> parsed = EventReader.review(null, json.put(field, false));
    assertThat(reason(parsed)).isEqualTo(Reason.WRONG_TYPE);
    assertThat(((Rejected<Review>) parsed).message()).contains("'" + field + "'", "string");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "1e999999999",
        "-1e999999999",
        "1e-999999999",
        "1e400",
        "\"1e400\"",
        "\"NaN\"",
        "\"Infinity\"",
        "\"0x1p3\"",
        "\"4f\"",
        "true",
        "[4]"
      })
  void numbersThatAreNoneAreRefusedByName(String number) {
    Parsed<Feedback> parsed =
        EventReader.feedback(null, ("{\"text\":\"t\",\"stars\":" + number + "}").getBytes(UTF_8));
    if (number.contains("e-")) {
      assertThat(parsed.accepted().orElseThrow().stars()).isZero();
    } else {
      assertThat(reason(parsed)).isEqualTo(Reason.WRONG_TYPE);
      assertThat(((Rejected<Feedback>) parsed).message()).contains("'stars'", "number");
    }
  }

  @Test
  void numbersAsIdsKeepTheirDigits() {
    assertThat(accepted("k", "{\"id\":1234567.25,\"text\":\"fine\"}").id()).isEqualTo("1234567.25");
    assertThat(accepted("k", "{\"id\":123456789012345678901234,\"text\":\"fine\"}").id())
        .isEqualTo("123456789012345678901234");
    assertThat(reason(review("{\"id\":1e999999999,\"text\":\"fine\"}")))
        .isEqualTo(Reason.WRONG_TYPE);
  }

  @Test
  void whatCostsMuchToReadIsRefused() {
    for (String attributes :
        List.of(
            "[".repeat(200) + "]".repeat(200),
            "{\"n\":" + "7".repeat(500) + "}",
            "{\"" + "n".repeat(2000) + "\":1}",
            "[" + "1,".repeat(600_000) + "1]")) {
      assertThat(reason(review("{\"id\":\"r\",\"text\":\"t\",\"attributes\":" + attributes + "}")))
          .isEqualTo(Reason.MALFORMED_JSON);
    }
    for (String attributes :
        List.of(
            "{\"n\":\"" + "x".repeat(100_001) + "\"}", "{\"n\":[" + "1,".repeat(20_000) + "1]}")) {
      assertThat(reason(review("{\"id\":\"r\",\"text\":\"t\",\"attributes\":" + attributes + "}")))
          .isEqualTo(Reason.ATTRIBUTES_TOO_LARGE);
    }
    assertThat(
            accepted(
                    "k",
                    "{\"id\":\"r\",\"text\":\"t\",\"attributes\":{\"a\":1e999999999,\"b\":{\"c\":[0.10]}}}")
                .attributes())
        .hasSize(2);
  }

  @Test
  void reviewsWithoutAReadableIdGetOneOfTheirOwnFromTheirPosition() {
    InputPosition at = new InputPosition("reviews", 3, 17);
    byte[] value = "{\"text\":\"fine\"}".getBytes(UTF_8);
    for (byte[] key :
        Arrays.asList(
            null, new byte[0], " ".getBytes(UTF_8), longKey(200), longKey(-1), longKey(65))) {
      assertThat(EventReader.review(key, value, at).accepted().orElseThrow().id())
          .isEqualTo("reviews-3@17");
    }
    byte[] broken = "{\"id\":\"a\\ud800\",\"text\":\"fine\"}".getBytes(UTF_8);
    byte[] repaired = "{\"id\":\"a\uFFFD\",\"text\":\"fine\"}".getBytes(UTF_8);
    assertThat(EventReader.review(null, broken, at).accepted().orElseThrow().id())
        .isEqualTo("reviews-3@17");
    assertThat(EventReader.review("k".getBytes(UTF_8), repaired, at).accepted().orElseThrow().id())
        .isEqualTo("k");
    assertThat(EventReader.review("é漢🎬".getBytes(UTF_8), value, at).accepted().orElseThrow().id())
        .isEqualTo("é漢🎬");
  }

  @Test
  void feedbackKeysThatAreNotReadableNameNoReview() {
    byte[] json = "{\"verdict\":\"agree\"}".getBytes(UTF_8);
    assertThat(reason(EventReader.feedback(longKey(200), json))).isEqualTo(Reason.MISSING_TEXT);
    byte[] broken = "{\"reviewId\":\"a\\ud800\",\"verdict\":\"agree\"}".getBytes(UTF_8);
    assertThat(reason(EventReader.feedback(null, broken))).isEqualTo(Reason.MISSING_TEXT);
  }

  private static byte[] longKey(long value) {
    return ByteBuffer.allocate(Long.BYTES).putLong(value).array();
  }

  private static Parsed<Review> review(String json) {
    return EventReader.review(null, json.getBytes(UTF_8));
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
