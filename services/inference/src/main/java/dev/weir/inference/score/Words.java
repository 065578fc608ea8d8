package dev.weir.inference.score;

import java.text.BreakIterator;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cuts a text into words, by the rules of Unicode as the JDK's {@link BreakIterator} has them.
 *
 * <p>A word is whatever stands between two boundaries and has a letter, a digit or a symbol such as
 * an emoji; white space and punctuation are none. What a reader sees as one character (an emoji
 * joined of several, a letter and its marks) is never cut. Scripts without spaces come in larger
 * pieces. Stateless.
 */
final class Words {

  private static final Pattern CHARACTER = Pattern.compile("\\X");

  private Words() {}

  /**
   * A piece of a text.
   *
   * @param start its first UTF-16 code unit
   * @param end the one after its last
   */
  record Span(int start, int end) {}

  /**
   * The words of a text in order; when there are more than {@code most}, neighbours are taken
   * together, so that no part of the text is left out.
   */
  static List<Span> of(String text, int most) {
    List<Span> words = words(text);
    int together = (words.size() + most - 1) / most;
    if (together <= 1) {
      return words;
    }
    List<Span> spans = new ArrayList<>(most);
    for (int i = 0; i < words.size(); i += together) {
      int last = Math.min(i + together, words.size()) - 1;
      spans.add(new Span(words.get(i).start(), words.get(last).end()));
    }
    return spans;
  }

  private static List<Span> words(String text) {
    BitSet characters = new BitSet(text.length() + 1);
    Matcher matcher = CHARACTER.matcher(text);
    while (matcher.find()) {
      characters.set(matcher.end());
    }
    BreakIterator boundaries = BreakIterator.getWordInstance(Locale.ROOT);
    boundaries.setText(text);
    List<Span> words = new ArrayList<>();
    int start = 0;
    for (int end = boundaries.next(); end != BreakIterator.DONE; end = boundaries.next()) {
      if (characters.get(end)) {
        if (text.substring(start, end).codePoints().anyMatch(Words::counts)) {
          words.add(new Span(start, end));
        }
        start = end;
      }
    }
    return words;
  }

  private static boolean counts(int codePoint) {
    return Character.isLetterOrDigit(codePoint)
        || switch (Character.getType(codePoint)) {
          case Character.OTHER_SYMBOL,
              Character.MODIFIER_SYMBOL,
              Character.MATH_SYMBOL,
              Character.CURRENCY_SYMBOL ->
              true;
          default -> false;
        };
  }
}
