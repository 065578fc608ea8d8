package dev.weir.common.model;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Map;

/**
 * Turns text into the token ids of one base model, with the Hugging Face tokenizer of its {@code
 * tokenizer.json}.
 *
 * <p>Padding and truncation that the file asks for are ignored: batches are padded by whoever runs
 * them, and long texts keep their head <em>and</em> tail, where reviews state their verdict.
 *
 * <p>Any Java string is accepted: lone surrogates become U+FFFD, and characters that the tokenizer
 * does not know become its unknown token. Thread-safe. Owns native memory: {@link BaseModel} closes
 * it, and no call may be in progress then.
 */
public final class TextTokenizer implements AutoCloseable {
  /** Characters of each end that are looked at, per token of the budget; English has 4 to 5. */
  private static final int CLIP_CHARS_PER_TOKEN = 16;

  private static final ObjectMapper JSON = new ObjectMapper();

  private final HuggingFaceTokenizer tokenizer;
  private final int clsTokenId;
  private final int sepTokenId;
  private final int padTokenId;
  private boolean closed;

  private TextTokenizer(HuggingFaceTokenizer tokenizer, int cls, int sep, int pad) {
    this.tokenizer = tokenizer;
    this.clsTokenId = cls;
    this.sepTokenId = sep;
    this.padTokenId = pad;
  }

  /**
   * @param json the content of a {@code tokenizer.json}
   * @param source where it came from, for messages
   */
  static TextTokenizer load(byte[] json, String source) {
    keepOffline();
    try {
      if (!(JSON.readTree(json) instanceof ObjectNode root)) {
        throw new IOException("not a JSON object");
      }
      root.putNull("truncation");
      root.putNull("padding");
      int cls = specialToken(root, "[CLS]", source);
      int sep = specialToken(root, "[SEP]", source);
      int pad = specialToken(root, "[PAD]", source);
      HuggingFaceTokenizer tokenizer =
          HuggingFaceTokenizer.newInstance(
              new ByteArrayInputStream(JSON.writeValueAsBytes(root)),
              Map.of("addSpecialTokens", "false", "truncation", "false", "padding", "false"));
      return new TextTokenizer(tokenizer, cls, sep, pad);
    } catch (IOException | RuntimeException e) {
      if (e instanceof ModelException known) {
        throw known;
      }
      throw new ModelException(
          "corrupt-tokenizer",
          source + " cannot be loaded as a tokenizer: " + e + "; fetch it again.",
          e);
    }
  }

  /**
   * Token ids of a text: {@code [CLS]}, word pieces, {@code [SEP]}. An empty text has just the two.
   *
   * <p>When there are more than {@code maxTokens - 2} word pieces, the first half (the larger one)
   * and the last half of that budget are kept. A text longer than {@code 32 · maxTokens} characters
   * is first cut to its first and last {@code 16 · maxTokens}, so that the time is bounded.
   *
   * @param maxTokens at least 2
   */
  public int[] encode(String text, int maxTokens) {
    if (maxTokens < 2) {
      throw new IllegalArgumentException("maxTokens must be at least 2, is " + maxTokens);
    }
    String clean = replaceLoneSurrogates(clip(text, maxTokens));
    long[] pieces = clean.isEmpty() ? new long[0] : tokenizer.encode(clean, false, false).getIds();
    int budget = Math.min(maxTokens - 2, pieces.length);
    int head = pieces.length > budget ? (budget + 1) / 2 : budget;
    int tail = budget - head;
    int[] ids = new int[budget + 2];
    ids[0] = clsTokenId;
    for (int i = 0; i < head; i++) {
      ids[1 + i] = (int) pieces[i];
    }
    for (int i = 0; i < tail; i++) {
      ids[1 + head + i] = (int) pieces[pieces.length - tail + i];
    }
    ids[budget + 1] = sepTokenId;
    return ids;
  }

  int clsTokenId() {
    return clsTokenId;
  }

  int sepTokenId() {
    return sepTokenId;
  }

  int padTokenId() {
    return padTokenId;
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      tokenizer.close();
    }
  }

  static String clip(String text, int maxTokens) {
    long half = (long) CLIP_CHARS_PER_TOKEN * maxTokens;
    if (text.length() <= 2 * half) {
      return text;
    }
    int headEnd = (int) half;
    if (Character.isHighSurrogate(text.charAt(headEnd - 1))) {
      headEnd--;
    }
    int tailStart = text.length() - (int) half;
    if (Character.isLowSurrogate(text.charAt(tailStart))) {
      tailStart++;
    }
    return text.substring(0, headEnd) + " " + text.substring(tailStart);
  }

  /** A lone surrogate has no UTF-8 form: the native side would refuse or misread the string. */
  static String replaceLoneSurrogates(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i))) {
        return text.codePoints()
            .map(point -> point >= 0xD800 && point <= 0xDFFF ? 0xFFFD : point)
            .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
            .toString();
      }
    }
    return text;
  }

  private static int specialToken(JsonNode root, String token, String source) {
    JsonNode id = root.path("model").path("vocab").path(token);
    if (!id.isInt()) {
      throw new ModelException(
          "unsupported-tokenizer",
          source + " has no " + token + " in its vocabulary; use a BERT WordPiece tokenizer.json.");
    }
    return id.intValue();
  }

  /**
   * DJL fetches a CUDA build of its tokenizer when it sees a GPU, and reports use on EC2. Neither
   * is wanted: a setting of the user's own wins.
   */
  private static void keepOffline() {
    for (Map.Entry<String, String> setting :
        Map.of("RUST_FLAVOR", "cpu", "OPT_OUT_TRACKING", "true").entrySet()) {
      if (System.getenv(setting.getKey()) == null && System.getProperty(setting.getKey()) == null) {
        System.setProperty(setting.getKey(), setting.getValue());
      }
    }
  }
}
