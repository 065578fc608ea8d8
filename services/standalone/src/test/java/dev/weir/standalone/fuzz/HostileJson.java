package dev.weir.standalone.fuzz;

import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * Mutates valid JSON: numbers of any size, nulls, deep and wide values, texts of every script,
 * times from the year -10^9 to 10^9, fields that are missing, twice or unknown, and bytes that are
 * no JSON.
 *
 * <p>The same random numbers give the same bytes. Rare mutations are large, at most {@link
 * #LARGEST} characters.
 */
final class HostileJson {

  /** Most characters of one generated value: somewhat above the longest text that is accepted. */
  static final int LARGEST = 200_000;

  private static final ObjectMapper JSON = new ObjectMapper();

  private static final List<String> NUMBERS =
      List.of(
          "0",
          "-0",
          "-1",
          "1",
          "0.1",
          "1.5",
          "56.0",
          "5e-324",
          "1e-400",
          "2147483647",
          "2147483648",
          "-2147483649",
          "9007199254740993",
          "9223372036854775807",
          "9223372036854775808",
          "-9223372036854775809",
          "1e17",
          "1.7e9",
          "1.7e12",
          "1.7e15",
          "1.7e18",
          "1e30",
          "-1e17",
          "1e308",
          "1e400",
          "-1e400",
          "1e999999999",
          "1e-999999999",
          "99999999999999999.9",
          "NaN",
          "-Infinity",
          "0x10",
          "01",
          "+1");

  private static final List<String> TIMES =
      List.of(
          "-1000000000-01-01T00:00:00Z",
          "+1000000000-12-31T23:59:59Z",
          "-999999999-01-01T00:00:00Z",
          "+999999999-12-31T23:59:59.999999999Z",
          "0000-01-01T00:00:00Z",
          "1969-12-31T23:59:59Z",
          "1970-01-01",
          "9999-12-31T23:59:59.999999999Z",
          "+10000-01-01T00:00:00Z",
          "2024-02-30T00:00:00Z",
          "2024-06-01T24:00:00Z",
          "2024-06-30T23:59:60Z",
          "2024-06-01T12:00:00",
          "2024-06-01T12:00:00+18:00",
          "2024-06-01T12:00:00+99:00",
          "2024-06-01 12:00:00",
          "Sat, 01 Jun 2024 12:00:00 GMT",
          "now",
          "1717243200",
          "1717243200000000000",
          "1e400",
          "99999999999999999.9");

  private static final List<String> NAMES =
      List.of(
          "",
          " ",
          "../../x",
          "..",
          ".",
          "/etc/passwd",
          "default@1",
          "default#plan",
          "Bad Name!",
          "DEFAULT",
          "x".repeat(63),
          "x".repeat(64),
          "x".repeat(256),
          "x".repeat(257),
          "${jndi:ldap://127.0.0.1/x}",
          "%s%n%d",
          "a\r\nX-Injected: yes",
          "a\nERROR forged log line",
          "null",
          "true",
          "agree",
          "positive",
          "\u0000",
          "\uFEFFpositive",
          "positive\u200B");

  /** One letter or sign of many scripts, and what is hard about text. */
  private static final List<String> SIGNS =
      List.of(
          "a",
          "Z",
          "7",
          " ",
          "\t",
          "\n",
          "\u0000",
          "\u0007",
          "\u001b[31m",
          "\u007f",
          "\u0085",
          "\u00a0",
          "\u00ad",
          "é",
          "e\u0301",
          "\u0301",
          "\u0345",
          "ß",
          "ﬀ",
          "İ",
          "я",
          "λ",
          "ש",
          "م",
          "\u0640",
          "हि",
          "ไทย",
          "한",
          "\u1112\u1161\u11ab",
          "漢",
          "あ",
          "ﾊ\uff9f",
          "\u200b",
          "\u200d",
          "\u200e",
          "\u202e",
          "\u2028",
          "\u2066",
          "\ufe0f",
          "\ufeff",
          "\ufffd",
          "\uffff",
          "\ud800",
          "\udc00",
          "👍",
          "👎🏽",
          "👩‍👩‍👧‍👦",
          "🏳️‍🌈",
          "\udb40\udc61",
          "\udbff\udfff",
          "ﷺ",
          ":)",
          ":(",
          "+1",
          "C++",
          "<b>",
          "&nbsp;",
          "&#x1F600;",
          "[CLS]",
          "[SEP]",
          "##a",
          "\"",
          "\\",
          "'",
          "\u0000\u0000");

  private HostileJson() {}

  /** Hostile or odd forms of a valid document. */
  static byte[] mutate(Random random, ObjectNode valid) {
    int kind = random.nextInt(100);
    if (kind < 70) {
      return changed(random, valid);
    }
    if (kind < 76 && !valid.isEmpty()) { // Some bodies have optional fields alone.
      return twice(random, valid);
    }
    if (kind < 88) {
      return damaged(random, bytes(valid));
    }
    if (kind < 94) {
      return value(random).getBytes(UTF_8); // JSON's null included, in place of an object.
    }
    return noise(random, 1 + random.nextInt(300));
  }

  /** A text as nobody would write it, and which is no valid one now and then. */
  static String text(Random random) {
    int kind = random.nextInt(200);
    if (kind == 0) {
      String sign = sign(random); // A hundred thousand combining marks, for one.
      return sign.repeat(1 + random.nextInt(LARGEST / 2 / sign.length()));
    }
    if (kind == 1) {
      return "x".repeat(99_990 + random.nextInt(20)); // Around the longest text.
    }
    if (kind == 2) {
      return " ".repeat(random.nextInt(20_000)) + "good soup" + "\u200b".repeat(20_000);
    }
    if (kind < 20) {
      return pick(random, NAMES);
    }
    StringBuilder text = new StringBuilder();
    int signs = 1 + random.nextInt(60);
    for (int i = 0; i < signs; i++) {
      text.append(random.nextInt(4) == 0 ? "good film " : sign(random));
    }
    return text.toString();
  }

  /** A name, of an adapter, a label, an id: one of the odd ones, or one that nobody has had. */
  static String name(Random random) {
    return random.nextInt(3) == 0 ? "made-up-" + random.nextInt(1 << 20) : pick(random, NAMES);
  }

  /** Random bytes. */
  static byte[] noise(Random random, int size) {
    byte[] bytes = new byte[size];
    random.nextBytes(bytes);
    return bytes;
  }

  private static byte[] changed(Random random, ObjectNode valid) {
    ObjectNode copy = valid.deepCopy();
    int changes = 1 + random.nextInt(3);
    for (int i = 0; i < changes; i++) {
      List<ObjectNode> objects = new ArrayList<>();
      objects(copy, objects);
      ObjectNode object = pick(random, objects);
      List<String> fields = new ArrayList<>();
      object.fieldNames().forEachRemaining(fields::add);
      int kind = random.nextInt(20);
      if (fields.isEmpty() || kind == 0) {
        object.putRawValue(name(random), new RawValue(value(random)));
      } else if (kind == 1) {
        object.remove(pick(random, fields));
      } else {
        object.putRawValue(pick(random, fields), new RawValue(value(random)));
      }
    }
    return bytes(copy);
  }

  private static void objects(JsonNode node, List<ObjectNode> found) {
    if (node instanceof ObjectNode object) {
      found.add(object);
    }
    node.forEach(child -> objects(child, found));
  }

  /** One field twice: readers differ in which one counts. */
  private static byte[] twice(Random random, ObjectNode valid) {
    List<String> fields = new ArrayList<>();
    valid.fieldNames().forEachRemaining(fields::add);
    String json = new String(bytes(valid), UTF_8);
    return (json.substring(0, json.length() - 1)
            + ","
            + quoted(pick(random, fields))
            + ":"
            + value(random)
            + "}")
        .getBytes(UTF_8);
  }

  private static byte[] damaged(Random random, byte[] valid) {
    String json = new String(valid, UTF_8);
    return switch (random.nextInt(8)) {
      case 0 -> new byte[0];
      case 1 -> Arrays.copyOf(valid, random.nextInt(valid.length));
      case 2 -> json.getBytes(UTF_16LE);
      case 3 -> ("\uFEFF" + json).getBytes(UTF_8);
      case 4 -> (json + json).getBytes(UTF_8);
      case 5 -> ("// a comment\n" + json).getBytes(UTF_8);
      default -> flipped(random, valid);
    };
  }

  private static byte[] flipped(Random random, byte[] valid) {
    byte[] flipped = valid.clone();
    int flips = 1 + random.nextInt(5);
    for (int i = 0; i < flips; i++) {
      flipped[random.nextInt(flipped.length)] = (byte) random.nextInt();
    }
    return flipped;
  }

  /** Any JSON value, as it is written; some of the numbers are no JSON. */
  private static String value(Random random) {
    int kind = random.nextInt(40);
    if (kind < 11) {
      return pick(random, NUMBERS);
    }
    if (kind == 11) {
      String digits = "9".repeat(1 + random.nextInt(3_000));
      return random.nextBoolean() ? digits : digits + ".5e" + digits.length();
    }
    if (kind < 19) {
      return quoted(pick(random, TIMES));
    }
    if (kind == 19) {
      return seconds(random);
    }
    if (kind < 24) {
      return quoted(name(random));
    }
    if (kind < 32) {
      return quoted(text(random));
    }
    if (kind < 35) {
      return "null";
    }
    if (kind == 35) {
      return random.nextBoolean() ? "true" : "false";
    }
    return nested(random);
  }

  /** A time in the years -10^9 to 10^9, as a number in one of four units. */
  private static String seconds(Random random) {
    long seconds = (long) ((random.nextDouble() * 2 - 1) * 3.15e16);
    return seconds + pick(random, List.of("", "000", "000000", "000000000", ".5", "e3"));
  }

  private static String nested(Random random) {
    int size = random.nextInt(50) == 0 ? 20_000 : 1 + random.nextInt(40);
    return switch (random.nextInt(6)) {
      case 0 -> "[".repeat(size) + "]".repeat(size);
      case 1 -> "{\"a\":".repeat(size) + "1" + "}".repeat(size);
      case 2 -> "[" + "{},".repeat(size) + "1]";
      case 3 -> wide(size);
      case 4 -> "[]";
      default -> "{}";
    };
  }

  private static String wide(int size) {
    StringBuilder wide = new StringBuilder("{");
    for (int i = 0; i < size; i++) {
      wide.append("\"f").append(i).append("\":").append(i).append(',');
    }
    return wide.append("\"last\":null}").toString();
  }

  /** As JSON has it; lone surrogates are escaped, since UTF-8 has none. */
  private static String quoted(String text) {
    StringBuilder json = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char each = text.charAt(i);
      if (each < ' ' || each == '"' || each == '\\' || Character.isSurrogate(each)) {
        json.append("\\u").append("%04x".formatted((int) each));
      } else {
        json.append(each);
      }
    }
    return json.append('"').toString();
  }

  private static byte[] bytes(JsonNode node) {
    try {
      return JSON.writeValueAsBytes(node);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String sign(Random random) {
    return pick(random, SIGNS);
  }

  static <T> T pick(Random random, List<T> from) {
    return from.get(random.nextInt(from.size()));
  }
}
