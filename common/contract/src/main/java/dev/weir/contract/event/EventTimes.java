package dev.weir.contract.event;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads the times that others write, by one rule.
 *
 * <ul>
 *   <li>ISO-8601 text: date and time, with or without zone offset (UTC then), {@code T} or one
 *       blank between them; a bare date is its midnight in UTC
 *   <li>a number, or the text of one: below 10<sup>11</sup> seconds since the epoch, below
 *       10<sup>14</sup> milliseconds, below 10<sup>17</sup> microseconds, below 10<sup>20</sup>
 *       nanoseconds
 * </ul>
 *
 * <p>The result lies in the years 1970 to 9999 and is cut to nanoseconds. Everything else is
 * refused: other notations, infinities, times before 1970. The text of a number is taken exactly; a
 * decimal that JSON gives as a number has the precision of a double. No number is ever written out,
 * whatever its exponent. Stateless and thread-safe.
 */
final class EventTimes {

  /** The rule in one line, for error messages. */
  static final String RULE =
      "write ISO-8601 such as 2024-05-01T10:00:00Z, or seconds, ms, µs or ns since 1970";

  /** More digits than any time of the rule has, and room for a long fraction. */
  private static final int LONGEST = 64;

  /** A decimal number as text, its exponent bounded. */
  static final Pattern NUMBER =
      Pattern.compile("[+-]?(?:\\d++(?:\\.\\d*+)?+|\\.\\d++)(?:[eE][+-]?\\d{1,4}+)?+");

  private static final Pattern ISO =
      Pattern.compile(
          "(\\d{4})-(\\d\\d)-(\\d\\d)"
              + "(?:[Tt ](\\d\\d):(\\d\\d)(?::(\\d\\d)(?:[.,](\\d{1,30}+))?+)?+"
              + "(?:([Zz])|([+-])(\\d\\d)(?::?+(\\d\\d))?+)?+)?+");

  private static final BigDecimal NANOSECOND = new BigDecimal("1e-9");
  private static final BigDecimal MILLISECONDS_FROM = BigDecimal.TEN.pow(11);
  private static final BigDecimal MICROSECONDS_FROM = BigDecimal.TEN.pow(14);
  private static final BigDecimal NANOSECONDS_FROM = BigDecimal.TEN.pow(17);
  private static final BigDecimal TOO_LARGE_FROM = BigDecimal.TEN.pow(20);

  private static final Instant FIRST = Instant.EPOCH;
  private static final Instant LAST = Instant.parse("9999-12-31T23:59:59.999999999Z");

  private EventTimes() {}

  /** Not a time by the rule; the message says why, without the value and without the remedy. */
  static final class NotATime extends Exception {
    private static final long serialVersionUID = 1L;

    NotATime(String problem) {
      super(problem);
    }
  }

  /** Reads a JSON value; {@code null} for JSON's null and for blank text. */
  static @Nullable Instant read(@Nullable JsonNode node) throws NotATime {
    if (node == null || node.isNull() || node.isMissingNode()) {
      return null;
    }
    if (node.isTextual()) {
      String text = node.textValue();
      return text.isBlank() ? null : parse(text);
    }
    if (node.isIntegralNumber() && node.canConvertToLong()) {
      return of(BigDecimal.valueOf(node.longValue()));
    }
    if (node.isBigInteger()) {
      return of(new BigDecimal(node.bigIntegerValue()));
    }
    if (node.isBigDecimal()) {
      return of(node.decimalValue());
    }
    if (node.isFloatingPointNumber() && Double.isFinite(node.doubleValue())) {
      return of(BigDecimal.valueOf(node.doubleValue()));
    }
    if (node.isNumber()) {
      throw new NotATime("a number beyond every time");
    }
    throw new NotATime("neither text nor a number");
  }

  /** Reads text: ISO-8601 or a number. */
  static Instant parse(String written) throws NotATime {
    if (written.length() > 2 * LONGEST) {
      throw new NotATime("too long for a time");
    }
    String text = written.strip();
    if (text.length() > LONGEST) {
      throw new NotATime("too long for a time");
    }
    if (NUMBER.matcher(text).matches()) {
      return of(new BigDecimal(text));
    }
    Matcher iso = ISO.matcher(text);
    if (!iso.matches()) {
      throw new NotATime("neither ISO-8601 nor a number");
    }
    try {
      return bounded(instant(iso));
    } catch (DateTimeException e) {
      throw new NotATime("no date and time that exists");
    }
  }

  private static Instant instant(Matcher iso) {
    int hour = number(iso.group(4));
    int minute = number(iso.group(5));
    int second = number(iso.group(6));
    int nano = nanos(iso.group(7));
    // ISO-8601's end of a day, and the leap second, which Java's clock does not have.
    boolean endOfDay = hour == 24 && minute == 0 && second == 0 && nano == 0;
    boolean leap = second == 60 && minute == 59;
    LocalDateTime local =
        LocalDateTime.of(
            number(iso.group(1)),
            number(iso.group(2)),
            number(iso.group(3)),
            endOfDay ? 0 : hour,
            minute,
            leap ? 59 : second,
            nano);
    if (endOfDay) {
      local = local.plusDays(1);
    }
    if (iso.group(9) == null) {
      return local.toInstant(ZoneOffset.UTC);
    }
    int sign = iso.group(9).equals("-") ? -1 : 1;
    return local.toInstant(
        ZoneOffset.ofHoursMinutes(sign * number(iso.group(10)), sign * number(iso.group(11))));
  }

  private static int number(@Nullable String digits) {
    return digits == null ? 0 : Integer.parseInt(digits);
  }

  private static int nanos(@Nullable String fraction) {
    if (fraction == null) {
      return 0;
    }
    return Integer.parseInt((fraction + "000000000").substring(0, 9));
  }

  /** Compares before it shifts: no number beyond the rule's bounds is ever expanded. */
  private static Instant of(BigDecimal number) throws NotATime {
    if (number.signum() < 0) {
      throw new NotATime("before the year 1970");
    }
    if (number.compareTo(TOO_LARGE_FROM) >= 0) {
      throw new NotATime("a number beyond every time");
    }
    if (number.compareTo(NANOSECOND) < 0) {
      return Instant.EPOCH;
    }
    int digits =
        number.compareTo(MILLISECONDS_FROM) < 0
            ? 0
            : number.compareTo(MICROSECONDS_FROM) < 0
                ? 3
                : number.compareTo(NANOSECONDS_FROM) < 0 ? 6 : 9;
    BigDecimal nanos = number.movePointRight(9 - digits).setScale(0, RoundingMode.DOWN);
    BigDecimal[] parts = nanos.divideAndRemainder(BigDecimal.TEN.pow(9));
    return bounded(Instant.ofEpochSecond(parts[0].longValueExact(), parts[1].longValueExact()));
  }

  private static Instant bounded(Instant time) throws NotATime {
    if (time.isBefore(FIRST)) {
      throw new NotATime("before the year 1970");
    }
    if (time.isAfter(LAST)) {
      throw new NotATime("after the year 9999");
    }
    return time;
  }
}
