package dev.weir.standalone.rows;

import org.jspecify.annotations.Nullable;

/**
 * Judges whether text that was decoded as Windows-1252 looks like a Western European language.
 *
 * <p>Every byte string can be decoded so; in another encoding it gives words that no language has:
 * mostly accented letters, signs inside of words, a capital after a small letter. For one thread.
 */
final class WesternText {

  private static final int RUN = 4;
  private static final int JUDGED_FROM = 8;
  private static final double MOST_ACCENTED = 0.35;

  private long letters;
  private long accented;
  private int run;
  private boolean longRun;
  private boolean signInWord;
  private boolean capitalInWord;
  private boolean icelandic;
  private char last;
  private char beforeLast;

  /** Takes the next characters. */
  void take(char[] characters, int count) {
    for (int i = 0; i < count; i++) {
      take(characters[i]);
    }
  }

  private void take(char c) {
    if (Character.isLetter(c)) {
      letters++;
      boolean beyond = c >= 0x80;
      accented += beyond ? 1 : 0;
      run = beyond ? run + 1 : 0;
      longRun |= run >= RUN;
      capitalInWord |=
          beyond && Character.isUpperCase(c) && last < 0x80 && Character.isLowerCase(last);
      icelandic |= "\u00DE\u00FE\u00D0\u00F0".indexOf(c) >= 0;
      signInWord |= foreignSign(last) && Character.isLetter(beforeLast);
    } else {
      run = 0;
    }
    beforeLast = last;
    last = c;
  }

  /** Signs that stand inside of no word; apostrophes, dashes and dots do. */
  private static boolean foreignSign(char c) {
    return c >= 0x80
        && !Character.isLetter(c)
        && !Character.isWhitespace(c)
        && !Character.isSpaceChar(c)
        && "\u2018\u2019\u2013\u2014\u2026\u00AD\u00B7\u00B4\u201C\u201D\u00AB\u00BB\u2022"
                .indexOf(c)
            < 0;
  }

  /** What speaks against it, or {@code null}. */
  @Nullable String objection() {
    if (longRun || (letters >= JUDGED_FROM && accented > MOST_ACCENTED * letters)) {
      return "nearly all its letters would be accented ones";
    }
    if (signInWord) {
      return "there would be signs inside of words";
    }
    if (capitalInWord) {
      return "there would be capital letters inside of words";
    }
    // In Windows-1254 the same bytes are the commonest letters of Turkish.
    return icelandic ? "there would be letters that only Icelandic has (is it Turkish?)" : null;
  }
}
