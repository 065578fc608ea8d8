package dev.weir.contract.event;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.contract.event.Parsed.Reason;
import dev.weir.contract.event.Parsed.Rejected;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** No record stops the reader, and none of them is a defect of the reader's own. */
class EventReaderPropertyTest {

  private static final InputPosition AT = new InputPosition("reviews", 3, 17);

  private static final List<String> FIELDS =
      List.of(
          "id",
          "reviewId",
          "text",
          "adapter",
          "label",
          "verdict",
          "stars",
          "source",
          "timestamp",
          "attributes",
          "unknown");

  private static final List<String> HOSTILE =
      List.of(
          "null",
          "true",
          "0",
          "-0.0",
          "1e400",
          "-1e400",
          "1e-400",
          "1e999999999",
          "-1e999999999",
          "1e-999999999",
          "1e99999999999",
          "1e17",
          "-1e17",
          "1.7e18",
          "1e30",
          "9223372036854775808",
          "-9223372036854775809",
          "9".repeat(399),
          "9".repeat(5000),
          "0." + "1".repeat(300),
          "NaN",
          "Infinity",
          "\"\"",
          "\" \"",
          "\"\\u0000\"",
          "\"\\ud800\"",
          "\"\\udc00\\ud800\"",
          "\"1e999999999\"",
          "\"-1e999999999\"",
          "\"99999999999999999.9\"",
          "\"+1000000000-01-01T00:00:00Z\"",
          "\"-1000000000-01-01T00:00:00Z\"",
          "\"2024-05-01T10:00:00+99:99\"",
          "[]",
          "{}",
          "[null]",
          "[".repeat(90) + "]".repeat(90),
          "[".repeat(5000) + "]".repeat(5000),
          "[".repeat(5000),
          "{\"a\":".repeat(2000) + "1" + "}".repeat(2000),
          "\"" + "x".repeat(200_000) + "\"",
          "\"" + "e\u0301".repeat(1000) + "\"",
          "\"\uD83D\uDC4D\uD83C\uDFFD\"",
          "agree",
          "\"agree\"");

  @Property(tries = 2000)
  void noValueInAnyFieldStopsTheReader(@ForAll("records") String json, @ForAll("keys") byte[] key) {
    byte[] value = json.getBytes(UTF_8);
    judged(EventReader.review(key, value, AT));
    judged(EventReader.review(key, value));
    judged(EventReader.feedback(key, value));
  }

  @Property(tries = 2000)
  void noChangedByteStopsTheReader(
      @ForAll("records") String json, @ForAll int at, @ForAll byte other, @ForAll int cut) {
    byte[] value = json.getBytes(UTF_8);
    value[Math.floorMod(at, value.length)] = other;
    byte[] part = java.util.Arrays.copyOf(value, Math.floorMod(cut, value.length + 1));
    for (byte[] each : List.of(value, part)) {
      judged(EventReader.review(null, each, AT));
      judged(EventReader.feedback(null, each));
    }
  }

  @Property(tries = 1000)
  void noTreeStopsTheReader(@ForAll("trees") ObjectNode tree) {
    judged(EventReader.review(null, tree));
    judged(EventReader.feedback(null, EventJson.write(tree)));
  }

  private static void judged(Parsed<?> parsed) {
    if (parsed instanceof Rejected<?> bad) {
      assertThat(bad.reason()).as(bad.message()).isNotEqualTo(Reason.INTERNAL_ERROR);
      assertThat(bad.message()).isNotBlank().hasSizeLessThan(1000);
      assertThat(bad.message().chars()).as(bad.message()).noneMatch(Character::isISOControl);
    } else {
      Object event = parsed.accepted().orElseThrow();
      assertThat(EventJson.write(event)).isNotEmpty();
      if (event instanceof Review review) {
        assertThat(review.id()).isNotBlank().doesNotContain("\uFFFD");
      }
    }
  }

  @Provide
  Arbitrary<String> records() {
    Arbitrary<String> field =
        Combinators.combine(Arbitraries.of(FIELDS), values())
            .as((name, value) -> "\"" + name + "\":" + value);
    return field
        .list()
        .ofMaxSize(6)
        .map(fields -> "{\"text\":\"good soup\",\"label\":\"positive\"" + joined(fields) + "}");
  }

  private static String joined(List<String> fields) {
    return fields.isEmpty() ? "" : "," + String.join(",", fields);
  }

  private static Arbitrary<String> values() {
    return Arbitraries.frequencyOf(
        net.jqwik.api.Tuple.of(3, Arbitraries.of(HOSTILE)),
        net.jqwik.api.Tuple.of(1, Arbitraries.longs().map(String::valueOf)),
        net.jqwik.api.Tuple.of(1, Arbitraries.bigDecimals().map(BigDecimal::toString)),
        net.jqwik.api.Tuple.of(
            1,
            Combinators.combine(Arbitraries.longs(), Arbitraries.integers())
                .as((digits, exponent) -> digits + "e" + exponent)),
        net.jqwik.api.Tuple.of(
            1,
            Arbitraries.strings()
                .all()
                .ofMaxLength(40)
                .map(
                    text ->
                        new String(
                            EventJson.write(Surrogates.replaceLone(text)),
                            StandardCharsets.UTF_8))));
  }

  @Provide
  Arbitrary<byte[]> keys() {
    return Arbitraries.bytes().array(byte[].class).ofMaxSize(12).injectNull(0.2);
  }

  @Provide
  Arbitrary<ObjectNode> trees() {
    JsonNodeFactory nodes = EventJson.mapper().getNodeFactory();
    Arbitrary<JsonNode> node =
        Arbitraries.of(
            nodes.nullNode(),
            nodes.missingNode(),
            nodes.booleanNode(true),
            nodes.numberNode(Double.NaN),
            nodes.numberNode(Double.POSITIVE_INFINITY),
            nodes.numberNode(Float.NEGATIVE_INFINITY),
            nodes.numberNode(Double.MAX_VALUE),
            nodes.numberNode(Long.MIN_VALUE),
            nodes.numberNode(BigInteger.TWO.pow(4000)),
            nodes.numberNode(new BigDecimal("1e999999999")),
            new com.fasterxml.jackson.databind.node.DecimalNode(new BigDecimal("1e2147483647")),
            new com.fasterxml.jackson.databind.node.DecimalNode(new BigDecimal("-1e-2147483647")),
            nodes.binaryNode(new byte[] {1, 2}),
            nodes.pojoNode(Integer.valueOf(7)),
            nodes.textNode("fine"),
            nodes.arrayNode().addNull(),
            nodes.objectNode().putNull("a"));
    return Arbitraries.maps(Arbitraries.of(FIELDS), node)
        .ofMaxSize(8)
        .map(
            fields -> {
              ObjectNode tree = nodes.objectNode();
              fields.forEach(tree::set);
              return tree;
            });
  }
}
