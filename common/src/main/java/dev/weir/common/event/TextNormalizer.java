package dev.weir.common.event;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.text.Normalizer;
import java.util.HexFormat;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * The form in which two texts count as the same one: without HTML tags, NFKC, lower case, letters
 * and digits only with single spaces between them.
 *
 * <p>Deduplication and the train/holdout split both go by the hash of this form, so that
 * near-identical texts (case, punctuation, white space, mark-up) never straddle train and holdout.
 * A text without any letter or digit (emoji only) keeps its characters.
 */
public final class TextNormalizer {

  private static final Pattern TAG = Pattern.compile("<[^<>]{0,200}>");
  private static final Pattern ENTITY = Pattern.compile("&(?:[a-zA-Z]{2,8}|#\\d{1,7});");
  private static final Pattern NOISE = Pattern.compile("[^\\p{L}\\p{M}\\p{N}]+");
  private static final Pattern SPACES = Pattern.compile("\\s+");

  private TextNormalizer() {}

  /** Normalises a text. */
  public static String normalize(String text) {
    String plain = ENTITY.matcher(TAG.matcher(text).replaceAll(" ")).replaceAll(" ");
    String folded = Normalizer.normalize(plain, Normalizer.Form.NFKC).toLowerCase(Locale.ROOT);
    String words = NOISE.matcher(folded).replaceAll(" ").strip();
    return words.isEmpty() ? SPACES.matcher(text).replaceAll(" ").strip() : words;
  }

  /** sha-256 (hex) of the normalised text. */
  public static String hash(String text) {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      return HexFormat.of().formatHex(sha.digest(normalize(text).getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
