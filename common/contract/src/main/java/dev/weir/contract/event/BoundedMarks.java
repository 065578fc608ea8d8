package dev.weir.contract.event;

/**
 * Breaks up runs of combining marks, as the Stream-Safe Text Format of UAX #15 does: after {@value
 * #MOST} of them in a row stands a combining grapheme joiner (U+034F), which no normalisation moves
 * a mark across.
 *
 * <p>A normaliser sorts the marks of one run, so its work grows with the square of the longest run:
 * a text of 100,000 marks took it seconds. Stateless and thread-safe.
 */
final class BoundedMarks {

  static final int MOST = 30;

  private static final char JOINER = '\u034F';

  private BoundedMarks() {}

  /** The text with its runs broken up; the very same object where none is too long. */
  static String in(String text) {
    int run = 0;
    for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
      run = mark(text.codePointAt(i)) ? run + 1 : 0;
      if (run > MOST) {
        return broken(text);
      }
    }
    return text;
  }

  private static String broken(String text) {
    StringBuilder out = new StringBuilder(text.length() + text.length() / MOST + 1);
    int run = 0;
    for (int i = 0; i < text.length(); ) {
      int codePoint = text.codePointAt(i);
      i += Character.charCount(codePoint);
      run = mark(codePoint) ? run + 1 : 0;
      if (run > MOST) {
        out.append(JOINER);
        run = 1;
      }
      out.appendCodePoint(codePoint);
    }
    return out.toString();
  }

  /** Whether it may be moved among its neighbours, in itself or once it is decomposed. */
  static boolean mark(int codePoint) {
    if (codePoint == JOINER) {
      return false;
    }
    int type = Character.getType(codePoint);
    return type == Character.NON_SPACING_MARK
        || type == Character.ENCLOSING_MARK
        || type == Character.COMBINING_SPACING_MARK
        // Letters by their category, voiced sound marks when they are decomposed.
        || codePoint == 0xFF9E
        || codePoint == 0xFF9F;
  }
}
