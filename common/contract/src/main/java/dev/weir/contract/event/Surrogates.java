package dev.weir.contract.event;

/**
 * Strings without lone surrogates.
 *
 * <p>JSON can say {@code "\ud800"}, half of a character: it has no UTF-8 form, so it can be neither
 * written to Kafka again nor given to a tokeniser. Everywhere in Weir each such half counts as
 * U+FFFD, the replacement character. Stateless and thread-safe.
 */
public final class Surrogates {

  private static final char REPLACEMENT = '\uFFFD';

  private Surrogates() {}

  /** The text with each lone surrogate replaced; the very same object when there is none. */
  public static String replaceLone(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i))) {
        return replaced(text, i);
      }
    }
    return text;
  }

  /** At most so many UTF-16 code units from the start, no pair cut apart. */
  public static String clip(String text, int units) {
    if (text.length() <= units) {
      return text;
    }
    boolean cutsPair =
        Character.isHighSurrogate(text.charAt(units - 1))
            && Character.isLowSurrogate(text.charAt(units));
    return text.substring(0, cutsPair ? units - 1 : units);
  }

  private static String replaced(String text, int from) {
    StringBuilder clean = new StringBuilder(text.length()).append(text, 0, from);
    for (int i = from; i < text.length(); i++) {
      char unit = text.charAt(i);
      boolean pair =
          Character.isHighSurrogate(unit)
              && i + 1 < text.length()
              && Character.isLowSurrogate(text.charAt(i + 1));
      if (pair) {
        clean.append(unit).append(text.charAt(++i));
      } else {
        clean.append(Character.isSurrogate(unit) ? REPLACEMENT : unit);
      }
    }
    return clean.toString();
  }
}
