package dev.weir.contract.event;

import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which text this is: two texts with the same key are the same example.
 *
 * <p>Letter case, white space, mark-up and ordinary punctuation do not count. Emoji, emoticons and
 * signs do, for sentiment is made of them: {@code 👍} and {@code 👎}, {@code :)} and {@code :(},
 * {@code +1} and {@code -1}, {@code C++} and {@code C}, {@code a > b} and {@code a < b}.
 *
 * <p>A text without any of these has the key that it has had since the first version, so that
 * earlier versions find it. One with signs has a key of version 2, {@code v2/} and a hash; earlier
 * versions knew it under its {@link #coarse} hash, along with every text that differs in signs
 * only.
 *
 * @param value the key: sha-256 in hex, or {@code v2/} and that
 * @param coarse sha-256 (hex) of {@link TextNormalizer}'s form; the side of train and holdout goes
 *     by it, so that texts which differ in signs only are on the same side and a known text stays
 *     on its
 */
public record TextKey(String value, String coarse) {

  private static final String VERSION_2 = "v2/";

  private static final String WORD = "[\\p{L}\\p{M}\\p{N}]";
  private static final String NO_WORD_AFTER = "(?!" + WORD + ")";
  private static final String NO_WORD_BEFORE = "(?<!" + WORD + ")";
  private static final String BLANK_BEFORE = "(?<!\\S)";
  private static final String BLANK_AFTER = "(?!\\S)";

  /** As they stand after folding, hence in lower case. Quantifiers are bounded or possessive. */
  private static final String EMOTICON =
      String.join(
          "|",
          // :) ;-( =] :'( :/ but neither http:// nor "see:(this"
          "[:;=]['^-]{0,2}+[)(\\]\\[}{|/\\\\<>]++(?![\\p{L}\\p{M}\\p{N}/\\\\])",
          // :d :p :o :3 :* where no word goes on
          NO_WORD_BEFORE + "[:;=]['^-]?+[dpoxscb3@$*]" + NO_WORD_AFTER,
          // (: (-; ]: and ": )"
          BLANK_BEFORE + "[)(\\]\\[}{/\\\\|]++['^-]?+[:;=]" + BLANK_AFTER,
          BLANK_BEFORE + "[:;=] [)(]" + BLANK_AFTER,
          "</?+3" + NO_WORD_AFTER,
          BLANK_BEFORE + "[>^;<-][_.][<^;>-]" + BLANK_AFTER,
          BLANK_BEFORE + "\\^\\^" + BLANK_AFTER);

  /** Other symbols and currencies; no legal marks, replacements, boxes and list bullets. */
  private static final String SYMBOL =
      "[\\p{So}\\p{Sc}\\x{1F3FB}-\\x{1F3FF}&&[^\\u00A9\\u00AE\\uFFFC\\uFFFD\\u2500-\\u25A9\\u25AC-\\u25B5"
          + "\\u25B7-\\u25BF\\u25C1-\\u25FA\\u25FF]]";

  /** One emoji with its skin tone, or several joined, or the subdivision of a flag. */
  private static final String EMOJI =
      SYMBOL + "(?:[\\x{1F3FB}-\\x{1F3FF}\\x{E0020}-\\x{E007F}]|\\u200D" + SYMBOL + ")*+";

  private static final String SIGN =
      String.join(
          "|",
          "[\\p{Sm}&&[^<>=|~]]", // + ± × ¬ ≠
          NO_WORD_BEFORE + "-(?=\\p{N})", // -1
          "(?<=" + WORD + "\\h?)[<>](?=\\h?" + WORD + ")", // a > b
          "(?<=\\p{N})[%*]", // 100 %, 5*
          "(?<=\\p{L})#" + NO_WORD_AFTER, // C#
          "(?<=" + NO_WORD_BEFORE + "\\p{L})-(?![\\p{L}\\p{M}\\p{N}-])"); // A-

  private static final Pattern TOKEN =
      Pattern.compile("(?:" + EMOTICON + ")|" + EMOJI + "|(?:" + SIGN + ")|" + WORD + "++");

  private static final Pattern TAG = Pattern.compile("</?[a-zA-Z!][^<>]{0,200}>");
  private static final Pattern CODE = Pattern.compile("&#(?:(\\d{1,7})|[xX]([0-9a-fA-F]{1,6}));");
  private static final Pattern VARIATION = Pattern.compile("[\\uFE00-\\uFE0F]");
  private static final Pattern MINUS = Pattern.compile("[\\u2212\\u2796]");
  private static final Pattern PLAIN = Pattern.compile("[\\p{L}\\p{M}\\p{N} ]*+");

  /** The key of a text; this is the expensive part, and done once per record. */
  public static TextKey of(String text) {
    String form = form(text);
    String hash = TextNormalizer.sha256(form);
    return new TextKey(
        PLAIN.matcher(form).matches() ? hash : VERSION_2 + hash, TextNormalizer.hash(text));
  }

  /** Whether earlier versions knew the text under another key than this version does. */
  public boolean hadAnother() {
    return !value.equals(coarse);
  }

  /** Whether this is a key that earlier versions did not give. */
  public static boolean isNew(String key) {
    return key.startsWith(VERSION_2);
  }

  /** Whether a text can have signs at all: a look that costs nothing beside the key. */
  public static boolean maySign(String text) {
    return text.chars().anyMatch(unit -> unit > 0x7F || ":;=+<>*%#&^$-@".indexOf(unit) >= 0);
  }

  /** The words and signs of a text, folded, with single blanks between them. */
  static String form(String text) {
    String plain = TAG.matcher(text).replaceAll(" ");
    if (plain.indexOf('&') >= 0) {
      plain = TextNormalizer.withoutEntities(CODE.matcher(plain).replaceAll(TextKey::character));
    }
    String folded = TextNormalizer.folded(VARIATION.matcher(plain).replaceAll(""));
    folded = MINUS.matcher(folded).replaceAll("-").replace("!=", "≠");
    StringBuilder form = new StringBuilder(folded.length());
    Matcher token = TOKEN.matcher(folded);
    int end = -1;
    while (token.find()) {
      if (end >= 0 && !joins(folded, token, end)) {
        form.append(' ');
      }
      form.append(folded, token.start(), token.end());
      end = token.end();
    }
    return form.isEmpty() ? TextNormalizer.collapsed(text) : form.toString();
  }

  /**
   * -1, 5*, c# and a- are written in one; everything else stands apart, as if blanks were there.
   */
  private static boolean joins(String folded, Matcher token, int end) {
    if (token.start() != end) {
      return false;
    }
    char first = folded.charAt(token.start());
    return first == '%'
        || first == '*'
        || first == '#'
        || (first == '-' && token.end() - token.start() == 1 && wordEnds(folded, end))
        || (folded.charAt(end - 1) == '-' && Character.isLetterOrDigit(folded.codePointAt(end)));
  }

  private static boolean wordEnds(String folded, int end) {
    return Character.isLetterOrDigit(folded.codePointBefore(end));
  }

  private static String character(MatchResult code) {
    int codePoint =
        code.group(1) != null
            ? Integer.parseInt(code.group(1))
            : Integer.parseInt(code.group(2), 16);
    return Character.isDefined(codePoint) && !Character.isISOControl(codePoint)
        ? Matcher.quoteReplacement(Character.toString(codePoint))
        : " ";
  }
}
