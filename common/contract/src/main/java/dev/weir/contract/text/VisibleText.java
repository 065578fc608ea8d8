package dev.weir.contract.text;

/**
 * Leaves out of a text what says nothing, so that it takes no room from what does: a review between
 * thousands of blanks has to get the answer that it gets without them.
 *
 * <p>A run of white space, controls, format characters (zero-width ones, byte order marks, bidi
 * marks) and variation selectors that is longer than {@link #LONGEST_RUN} is left out at both ends,
 * and becomes one blank or, without white space, nothing between others. Shorter ones stay: they
 * join emoji, and byte-level tokenisers have tokens for them. Of a run of combining marks the first
 * {@link #MOST_MARKS} stay. Linear in the length of the text. Stateless.
 */
public final class VisibleText {

  /** Longer runs are in no text that was written to be read. */
  static final int LONGEST_RUN = 8;

  /** More marks on one letter than any script puts there. */
  private static final int MOST_MARKS = 8;

  /** No tag of a review is longer; a lone {@code <} must not have the whole text searched. */
  private static final int LONGEST_TAG = 1000;

  private enum Kind {
    VISIBLE,
    BLANK,
    NOTHING,
    MARK
  }

  private VisibleText() {}

  /** The text without what says nothing; the same object when there is no such thing. */
  public static String of(String text) {
    return dirty(text) ? condensed(text) : text;
  }

  /**
   * The text with a blank for each HTML or XML tag and comment; the same object when it has none.
   */
  public static String withoutTags(String text) {
    int open = text.indexOf('<');
    if (open < 0) {
      return text;
    }
    StringBuilder rest = new StringBuilder(text.length());
    int done = 0;
    for (; open >= 0; open = text.indexOf('<', open)) {
      int end = tagEnd(text, open);
      if (end < 0) {
        open++;
        continue;
      }
      rest.append(text, done, open).append(' ');
      done = end;
      open = end;
    }
    return done == 0 ? text : rest.append(text, done, text.length()).toString();
  }

  /** Where a tag that begins here ends, or -1 when none begins here. */
  private static int tagEnd(String text, int open) {
    if (open + 1 >= text.length()) {
      return -1;
    }
    char next = text.charAt(open + 1);
    boolean letter = (next >= 'a' && next <= 'z') || (next >= 'A' && next <= 'Z');
    if (!letter && next != '/' && next != '!' && next != '?') {
      return -1;
    }
    int limit = Math.min(text.length(), open + LONGEST_TAG);
    for (int i = open + 1; i < limit; i++) {
      char c = text.charAt(i);
      if (c == '>') {
        return i + 1;
      }
      if (c == '<') {
        return -1;
      }
    }
    return -1;
  }

  /** Whether the text has nothing to say. */
  public static boolean silent(String text) {
    return text.codePoints().map(VisibleText::voice).sum() == 0;
  }

  private static int voice(int codePoint) {
    return silent(kind(codePoint)) ? 0 : 1;
  }

  private static boolean silent(Kind kind) {
    return kind == Kind.BLANK || kind == Kind.NOTHING;
  }

  private static boolean dirty(String text) {
    int run = 0;
    int marks = 0;
    for (int i = 0; i < text.length(); ) {
      int codePoint = text.codePointAt(i);
      i += Character.charCount(codePoint);
      Kind kind = kind(codePoint);
      run = silent(kind) ? run + 1 : 0;
      marks = kind == Kind.MARK ? marks + 1 : 0;
      if (run > LONGEST_RUN || marks > MOST_MARKS) {
        return true;
      }
    }
    return false;
  }

  private static String condensed(String text) {
    StringBuilder visible = new StringBuilder(text.length());
    int run = 0;
    int runStart = 0;
    boolean blank = false;
    int marks = 0;
    for (int i = 0; i < text.length(); ) {
      int codePoint = text.codePointAt(i);
      Kind kind = kind(codePoint);
      if (silent(kind)) {
        if (run++ == 0) {
          runStart = i;
          blank = false;
        }
        blank |= kind == Kind.BLANK;
      } else {
        if (run > 0 && run <= LONGEST_RUN) {
          visible.append(text, runStart, i);
        } else if (run > 0 && blank && !visible.isEmpty()) {
          visible.append(' ');
        }
        run = 0;
        marks = kind == Kind.MARK ? marks + 1 : 0;
        if (marks <= MOST_MARKS) {
          visible.appendCodePoint(codePoint);
        }
      }
      i += Character.charCount(codePoint);
    }
    if (run <= LONGEST_RUN && run > 0) {
      visible.append(text, runStart, text.length());
    }
    return visible.toString();
  }

  private static Kind kind(int codePoint) {
    if (codePoint > ' ' && codePoint < 0x7f) {
      return Kind.VISIBLE;
    }
    if (Character.isWhitespace(codePoint) || Character.isSpaceChar(codePoint)) {
      return Kind.BLANK;
    }
    if (variationSelector(codePoint)) {
      return Kind.NOTHING;
    }
    return switch (Character.getType(codePoint)) {
      case Character.CONTROL, Character.FORMAT -> Kind.NOTHING;
      case Character.NON_SPACING_MARK, Character.ENCLOSING_MARK -> Kind.MARK;
      default -> Kind.VISIBLE;
    };
  }

  private static boolean variationSelector(int codePoint) {
    return (codePoint >= 0xFE00 && codePoint <= 0xFE0F)
        || (codePoint >= 0xE0100 && codePoint <= 0xE01EF);
  }
}
