package dev.weir.contract.event;

/**
 * What came from outside, as part of a message: in quotation marks, cut to {@value #CHARACTERS}
 * characters, line ends and other control characters escaped, so that nobody can forge a line of a
 * log. Stateless and thread-safe.
 */
public final class Shown {

  private static final int CHARACTERS = 64;
  private static final int SAID = 300;

  private Shown() {}

  /** The text as it may stand in a message. */
  public static String of(String text) {
    String part = Surrogates.clip(text, CHARACTERS);
    return "'" + escaped(part) + (part.length() < text.length() ? "…'" : "'");
  }

  /** What a library says of a text, which it may quote: cut to 300 characters, on one line. */
  static String said(String message) {
    return escaped(Surrogates.clip(message, SAID));
  }

  /** A whole message as one line, however long: nothing is cut, nothing is put around it. */
  public static String line(String message) {
    return escaped(message);
  }

  private static String escaped(String text) {
    StringBuilder shown = new StringBuilder(text.length() + 8);
    Surrogates.replaceLone(text)
        .codePoints()
        .forEach(
            each -> {
              if (escaped(each)) {
                shown.append(String.format("\\u%04x", each));
              } else {
                shown.appendCodePoint(each);
              }
            });
    return shown.toString();
  }

  /** Controls, line and paragraph separators, and what turns the direction of a line around. */
  private static boolean escaped(int codePoint) {
    int type = Character.getType(codePoint);
    return type == Character.CONTROL
        || type == Character.LINE_SEPARATOR
        || type == Character.PARAGRAPH_SEPARATOR
        || (codePoint >= 0x202A && codePoint <= 0x202E)
        || (codePoint >= 0x2066 && codePoint <= 0x2069);
  }
}
