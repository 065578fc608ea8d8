package dev.weir.contract.event;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.text.Normalizer;
import java.util.HexFormat;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * The coarse form of a text: without HTML tags, NFKC, lower case, letters and digits only with
 * single spaces between them.
 *
 * <p>The train/holdout split goes by the hash of this form, so that near-identical texts (case,
 * punctuation, white space, mark-up, emoji) never straddle train and holdout. Which texts are the
 * same one says {@link TextKey}; until its second version this form did. A text without any letter
 * or digit (emoji only) keeps its characters. The work is linear in the text ({@link
 * BoundedMarks}).
 */
public final class TextNormalizer {

  private static final Pattern TAG = Pattern.compile("<[^<>]{0,200}>");
  private static final Pattern ENTITY = Pattern.compile("&(?:[a-zA-Z]{2,8}|#\\d{1,7});");
  private static final Pattern NOISE = Pattern.compile("[^\\p{L}\\p{M}\\p{N}]++");
  private static final Pattern SPACES = Pattern.compile("\\s++");

  private TextNormalizer() {}

  /** Normalises a text. */
  public static String normalize(String text) {
    String words =
        NOISE
            .matcher(folded(withoutEntities(TAG.matcher(text).replaceAll(" "))))
            .replaceAll(" ")
            .strip();
    return words.isEmpty() ? collapsed(text) : words;
  }

  /** sha-256 (hex) of the normalised text. */
  public static String hash(String text) {
    return sha256(normalize(text));
  }

  static String withoutEntities(String text) {
    return ENTITY.matcher(text).replaceAll(" ");
  }

  static String folded(String text) {
    return Normalizer.normalize(BoundedMarks.in(text), Normalizer.Form.NFKC)
        .toLowerCase(Locale.ROOT);
  }

  static String collapsed(String text) {
    return SPACES.matcher(text).replaceAll(" ").strip();
  }

  static String sha256(String text) {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      return HexFormat.of().formatHex(sha.digest(text.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
