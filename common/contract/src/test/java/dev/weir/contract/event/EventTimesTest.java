package dev.weir.contract.event;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.contract.event.EventTimes.NotATime;
import dev.weir.contract.event.Parsed.Reason;
import dev.weir.contract.event.Parsed.Rejected;
import java.io.UncheckedIOException;
import java.time.Instant;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EventTimesTest {

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '^',
      value = {
        "0,1970-01-01T00:00:00Z",
        "-0,1970-01-01T00:00:00Z",
        "-0.0,1970-01-01T00:00:00Z",
        "1700000000,2023-11-14T22:13:20Z",
        "\"1700000000\",2023-11-14T22:13:20Z",
        "1700000000.5,2023-11-14T22:13:20.500Z",
        "\"1700000000.123456789\",2023-11-14T22:13:20.123456789Z",
        "\" 1700000000.25 \",2023-11-14T22:13:20.250Z",
        "1.7e9,2023-11-14T22:13:20Z",
        "99999999999,5138-11-16T09:46:39Z",
        "100000000000,1973-03-03T09:46:40Z",
        "1700000000123,2023-11-14T22:13:20.123Z",
        "1700000000123.25,2023-11-14T22:13:20.123250Z",
        "1700000000123456,2023-11-14T22:13:20.123456Z",
        "1700000000123456789,2023-11-14T22:13:20.123456789Z",
        "1.7e18,2023-11-14T22:13:20Z",
        "\"1700000000000000000.5\",2023-11-14T22:13:20Z",
        "99999999999999999999,5138-11-16T09:46:39.999999999Z",
        "1e-999999999,1970-01-01T00:00:00Z",
        "\"1e-9999\",1970-01-01T00:00:00Z",
        "\"2024-05-01\",2024-05-01T00:00:00Z",
        "\"2024-05-01T10:00\",2024-05-01T10:00:00Z",
        "\"2024-05-01T10:00:00\",2024-05-01T10:00:00Z",
        "\"2024-05-01 10:00:00.25\",2024-05-01T10:00:00.250Z",
        "\"2024-05-01t10:00:00z\",2024-05-01T10:00:00Z",
        "\"2024-05-01T10:00:00+02:00\",2024-05-01T08:00:00Z",
        "\"2024-05-01T10:00:00+0200\",2024-05-01T08:00:00Z",
        "\"2024-05-01T10:00:00-05\",2024-05-01T15:00:00Z",
        "\"2024-05-01T10:00:00.1234567891234Z\",2024-05-01T10:00:00.123456789Z",
        "\"2024-12-31T24:00:00Z\",2025-01-01T00:00:00Z",
        "\"2016-12-31T23:59:60Z\",2016-12-31T23:59:59Z",
        "\"9999-12-31T23:59:59Z\",9999-12-31T23:59:59Z",
      })
  void readsTimesByOneRule(String json, Instant time) throws Exception {
    assertThat(EventTimes.read(tree(json))).isEqualTo(time);
    assertThat(EventJson.read(json.getBytes(UTF_8), Instant.class)).isEqualTo(time);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-1",
        "-1e17",
        "-1000000000e9",
        "1e20",
        "1e30",
        "1e400",
        "-1e400",
        "1e999999999",
        "\"1e999\"",
        "\"-1e999\"",
        "\"1e999999999\"",
        "\"100000000000000000000.1\"",
        "100000000000000000000",
        "\"NaN\"",
        "\"Infinity\"",
        "\"-Infinity\"",
        "\"yesterday\"",
        "\"Wed, 01 May 2024 10:00:00 GMT\"",
        "\"+10000-01-01T00:00:00Z\"",
        "\"-0001-01-01T00:00:00Z\"",
        "\"0000-01-01\"",
        "\"1969-12-31T23:59:59Z\"",
        "\"1970-01-01T00:00:00+01:00\"",
        "\"9999-12-31T23:59:59-01:00\"",
        "\"9999-12-31T24:00:00Z\"",
        "\"2024-02-30\"",
        "\"2024-13-01\"",
        "\"2024-05-01T25:00:00\"",
        "\"2024-05-01T10:00:00+19:00\"",
        "\"2024-05-01T10:00:00 \\u0000\"",
        "\"2024-05-01\\n2024-05-02\"",
        "\"٢٠٢٤-٠٥-٠١\"",
        "true",
        "[2024,5,1]",
        "{\"seconds\":1}"
      })
  void refusesEverythingElseByName(String json) throws Exception {
    JsonNode node = tree(json);
    assertThatThrownBy(() -> EventTimes.read(node)).isInstanceOf(NotATime.class);
    byte[] record = ("{\"id\":\"r\",\"text\":\"t\",\"timestamp\":" + json + "}").getBytes(UTF_8);
    Rejected<Review> rejected = (Rejected<Review>) EventReader.review(null, record);
    assertThat(rejected.reason()).isEqualTo(Reason.WRONG_TYPE);
    assertThat(rejected.message()).contains("'timestamp'", "ISO-8601", "seconds");
    assertThatThrownBy(() -> EventJson.read(json.getBytes(UTF_8), Instant.class))
        .isInstanceOf(UncheckedIOException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"null", "\"\"", "\"  \""})
  void nothingIsNoTime(String json) throws Exception {
    assertThat(EventTimes.read(tree(json))).isNull();
  }

  @Test
  void textsOfAnyLengthCostLittle() {
    assertThatThrownBy(() -> EventTimes.parse("9".repeat(4 << 20))).isInstanceOf(NotATime.class);
    assertThatThrownBy(() -> EventTimes.parse(" ".repeat(4 << 20))).isInstanceOf(NotATime.class);
  }

  @Property(tries = 500)
  void whatIsWrittenIsReadAgain(
      @ForAll @LongRange(min = 0, max = 253_402_300_799L) long second,
      @ForAll @LongRange(min = 0, max = 999_999_999) long nano)
      throws Exception {
    Instant time = Instant.ofEpochSecond(second, nano);
    assertThat(EventTimes.parse(time.toString())).isEqualTo(time);
    assertThat(EventJson.read(EventJson.write(time), Instant.class)).isEqualTo(time);
  }

  private static JsonNode tree(String json) throws Exception {
    return EventJson.mapper().readTree(json);
  }
}
