package dev.weir.trainer.fit;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Reads {@code query=4,layer\.11\..*=16}: numbers by regular expressions over module names, in
 * PEFT's manner. A comma ends an entry only behind its number, so that expressions may hold some.
 */
final class ModulePatterns {

  private static final Pattern ENTRY =
      Pattern.compile("\\G\\s*([^\\s=]+)\\s*=\\s*([0-9.]+)\\s*(,|$)");

  private ModulePatterns() {}

  /**
   * The entries in order.
   *
   * @throws IllegalArgumentException saying what is accepted
   */
  static <N extends Number> Map<String, N> parse(
      String value, double min, double max, Function<String, N> number) {
    Map<String, N> entries = new LinkedHashMap<>();
    Matcher matcher = ENTRY.matcher(value);
    int end = value.isBlank() ? value.length() : 0;
    boolean more = false;
    while (end < value.length() && matcher.find(end)) {
      N parsed = number(value, matcher.group(2), number);
      String key = expression(value, matcher.group(1));
      if (!(parsed.doubleValue() >= min && parsed.doubleValue() <= max)) {
        throw refused(value, "%s is outside %.0f to %.0f".formatted(matcher.group(2), min, max));
      }
      if (entries.put(key, parsed) != null) {
        throw refused(value, key + " comes twice");
      }
      end = matcher.end();
      more = matcher.group(3).equals(",");
    }
    if (end < value.length() || more) {
      throw refused(value, "accepted are entries such as query=4 with commas between them");
    }
    return Collections.unmodifiableMap(entries);
  }

  private static <N> N number(String value, String digits, Function<String, N> number) {
    try {
      return number.apply(digits);
    } catch (NumberFormatException e) {
      throw refused(value, digits + " is not such a number");
    }
  }

  private static String expression(String value, String key) {
    try {
      Pattern.compile(key);
      return key;
    } catch (PatternSyntaxException e) {
      throw refused(value, key + " is no regular expression: " + e.getDescription());
    }
  }

  private static IllegalArgumentException refused(String value, String why) {
    return new IllegalArgumentException("is '" + value + "': " + why);
  }
}
