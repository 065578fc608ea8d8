package dev.weir.curation;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.contract.event.Parsed.Reason;
import dev.weir.contract.topic.DeadLetter;
import dev.weir.curation.deadletter.Letter;
import java.util.Arrays;
import java.util.stream.Stream;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.streams.test.TestRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whatever is wrong with feedback, its bytes reach the dead-letter topic and the stream goes on.
 */
class DeadLetterTest {

  private static final byte[] KEY = "key-ü".getBytes(UTF_8);

  private static TestingCuration shared;

  @BeforeAll
  static void open() {
    shared = TestingCuration.with();
  }

  @AfterAll
  static void close() {
    shared.close();
  }

  static Stream<Arguments> badFeedback() {
    return Stream.of(
        bad("{\"text\":", Reason.MALFORMED_JSON, "not JSON"),
        bad("[1]", Reason.MALFORMED_JSON, "not a JSON object"),
        bad("{\"text\":{},\"label\":\"positive\"}", Reason.WRONG_TYPE, "'text'"),
        bad("{\"text\":\" \\n\",\"label\":\"positive\"}", Reason.EMPTY_TEXT, "visible"),
        bad("{\"text\":\"fine\"}", Reason.MISSING_LABEL, "'label'"),
        bad("{\"text\":\"fine\",\"label\":\"positive\",\"stars\":5}", Reason.AMBIGUOUS_LABEL, "2"),
        bad("{\"text\":\"fine\",\"stars\":3}", Reason.UNMAPPED_STARS, "4.0 to 5.0 = positive"),
        bad("{\"text\":\"fine\",\"label\":\"meh\"}", Reason.UNKNOWN_LABEL, "positive (pos, 1)"),
        bad("{\"text\":\"fine\",\"verdict\":\"agree\"}", Reason.UNRESOLVABLE_VERDICT, "'reviewId'"),
        bad(
            "{\"text\":\"fine\",\"label\":\"positive\",\"adapter\":\"other\"}",
            Reason.UNKNOWN_ADAPTER,
            "WEIR_ADAPTERS"),
        // Refused at once, although its review is unknown: no review could mend it.
        bad(
            "{\"reviewId\":\"r\",\"verdict\":\"agree\",\"adapter\":\"other\"}",
            Reason.UNKNOWN_ADAPTER,
            "WEIR_ADAPTERS"),
        bad(
            "{\"text\":\"fine\",\"label\":\"positive\",\"adapter\":\"No Name\"}",
            Reason.BAD_ADAPTER_NAME,
            "does not match"),
        bad(
            "{\"text\":\"fine\",\"label\":\"positive\",\"source\":\"" + "s".repeat(129) + "\"}",
            Reason.SOURCE_TOO_LONG,
            "129"),
        bad(
            "{\"reviewId\":\"" + "i".repeat(257) + "\",\"label\":\"positive\"}",
            Reason.ID_TOO_LONG,
            "257"),
        bad(
            "{\"text\":\"" + "a".repeat(500_000) + "\",\"label\":\"positive\"}",
            Reason.TEXT_TOO_LONG,
            "500000"));
  }

  private static Arguments bad(String json, Reason reason, String inMessage) {
    return Arguments.of(json.getBytes(UTF_8), reason, inMessage);
  }

  @ParameterizedTest
  @MethodSource("badFeedback")
  void keepsOriginalBytesAndSaysWhatIsWrong(byte[] value, Reason reason, String inMessage) {
    // One driver for all of them: the stream has to go on anyway.
    int letters = shared.deadLetters().size();
    int examples = shared.examples().size();
    RecordHeaders headers = new RecordHeaders();
    headers.add("trace", new byte[] {1, 2});
    shared.feedback(KEY, value, headers);
    shared.labeled("after " + letters, "negative");

    assertThat(shared.examples()).hasSize(examples + 1);
    assertThat(shared.deadLetters()).hasSize(letters + 1);
    TestRecord<byte[], byte[]> letter = shared.deadLetters().get(letters);
    assertThat(letter.key()).isEqualTo(KEY);
    assertThat(letter.value()).isEqualTo(value);
    assertThat(letter.headers().lastHeader("trace").value()).containsExactly(1, 2);
    assertThat(TestingCuration.header(letter, DeadLetter.REASON)).isEqualTo(reason.code());
    assertThat(TestingCuration.header(letter, DeadLetter.MESSAGE)).contains(inMessage);
    assertThat(TestingCuration.header(letter, DeadLetter.SOURCE))
        .isEqualTo("feedback-0@" + 2 * letters);
    assertThat(shared.count("weir.curation.dead.letters", "reason", reason.code())).isPositive();
  }

  @Test
  void refusesRecordWithoutValue() {
    try (TestingCuration curation = TestingCuration.with()) {
      curation.feedback(KEY, null);

      TestRecord<byte[], byte[]> letter = curation.deadLetters().get(0);
      assertThat(letter.key()).isEqualTo(KEY);
      assertThat(letter.value()).isNull();
      assertThat(TestingCuration.header(letter, DeadLetter.REASON)).isEqualTo("null-value");
    }
  }

  @Test
  void refusesFeedbackThatNamesNothing() {
    try (TestingCuration curation = TestingCuration.with()) {
      curation.feedback("{\"label\":\"positive\"}");

      assertThat(TestingCuration.header(curation.deadLetters().get(0), DeadLetter.REASON))
          .isEqualTo("missing-text");
    }
  }

  @Test
  void cutsRecordThatOnlyCompressionLetThrough() {
    byte[] value = new byte[Letter.MAX_BYTES + 1000];
    Arrays.fill(value, (byte) ' ');
    try (TestingCuration curation = TestingCuration.with()) {
      RecordHeaders headers = new RecordHeaders();
      headers.add("trace", new byte[100]);
      curation.feedback(KEY, value, headers);

      TestRecord<byte[], byte[]> letter = curation.deadLetters().get(0);
      assertThat(TestingCuration.header(letter, DeadLetter.REASON)).isEqualTo("record-too-large");
      assertThat(TestingCuration.header(letter, DeadLetter.MESSAGE)).contains("leaves out");
      assertThat(letter.headers().lastHeader("trace")).isNull();
      assertThat(letter.key()).isEqualTo(KEY);
      assertThat(letter.value()).hasSize(Letter.EXCERPT_BYTES);
      assertThat(TestingCuration.header(letter, DeadLetter.SOURCE)).isEqualTo("feedback-0@0");
    }
  }

  @Test
  void isDatedWhenItIsWritten() {
    try (TestingCuration curation = TestingCuration.with()) {
      curation.feedback("not json");

      // The driver's wall clock stands where the test began.
      assertThat(curation.deadLetters().get(0).getRecordTime()).isEqualTo(TestingCuration.START);
    }
  }
}
