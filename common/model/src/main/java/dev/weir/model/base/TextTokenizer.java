package dev.weir.model.base;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.contract.event.Surrogates;
import dev.weir.contract.text.TokenLimit;
import dev.weir.contract.text.VisibleText;
import dev.weir.model.spec.ModelException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * Turns text into the token ids of one base model, with the Hugging Face tokenizer of its {@code
 * tokenizer.json}: WordPiece with {@code [CLS]}, {@code [SEP]} and {@code [PAD]} (BERT,
 * DistilBERT), or byte-level BPE with {@code <s>}, {@code </s>} and {@code <pad>} (RoBERTa).
 *
 * <p>Padding and truncation that the file asks for are ignored: batches are padded by whoever runs
 * them, and what is left of long texts is the caller's choice ({@link
 * dev.weir.contract.text.Truncation}).
 *
 * <p>Any Java string is accepted: lone surrogates become U+FFFD, and characters that the tokenizer
 * does not know become its unknown token. Thread-safe. Owns native memory: {@link BaseModel} closes
 * it, and no call may be in progress then.
 */
public final class TextTokenizer implements AutoCloseable {
  /** Characters of each end that are looked at, per token of the budget; English has 4 to 5. */
  private static final int CLIP_CHARS_PER_TOKEN = 16;

  /** What starts a text, ends it, and pads a batch: the names of BERT and of RoBERTa. */
  private static final List<List<String>> SPECIAL_TOKENS =
      List.of(List.of("[CLS]", "[SEP]", "[PAD]"), List.of("<s>", "</s>", "<pad>"));

  private static final long[] NO_PIECES = {};
  private static final int NO_TOKEN = -1;

  private static final ObjectMapper JSON = new ObjectMapper();

  private final HuggingFaceTokenizer tokenizer;
  private final int clsTokenId;
  private final int sepTokenId;
  private final int padTokenId;

  /** What stands for a word that is not known; -1 when each byte has a token. */
  private final int unknownTokenId;

  private boolean closed;

  private TextTokenizer(HuggingFaceTokenizer tokenizer, int cls, int sep, int pad, int unknown) {
    this.unknownTokenId = unknown;
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
      List<Integer> special = specialTokens(root, source);
      HuggingFaceTokenizer tokenizer =
          HuggingFaceTokenizer.newInstance(
              new ByteArrayInputStream(JSON.writeValueAsBytes(root)),
              Map.of("addSpecialTokens", "false", "truncation", "false", "padding", "false"));
      int unknown = id(root, "[UNK]").orElse(NO_TOKEN);
      return new TextTokenizer(tokenizer, special.get(0), special.get(1), special.get(2), unknown);
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
   * Token ids of a text, the middle of a long one cut out.
   *
   * @param maxTokens at least 2
   */
  public int[] encode(String text, int maxTokens) {
    return encode(text, TokenLimit.of(maxTokens));
  }

  /**
   * Token ids of a text: the token that starts it, word pieces, the token that ends it. An empty
   * text has just the two.
   *
   * <p>What says nothing is left out first ({@link VisibleText}), in texts that are too long tags,
   * too. A text that consists of tags alone has no word pieces.
   *
   * <p>When there are more than {@code maxTokens - 2} word pieces, the first or the last of them
   * are kept, or ({@link dev.weir.contract.text.Truncation#HEAD_TAIL}) the first half of that
   * budget, the larger one, and the last half. A text longer than {@code 32 · maxTokens} characters
   * is first cut to {@code 16 · maxTokens} of each end that counts, so that the time is bounded.
   */
  public int[] encode(String text, TokenLimit limit) {
    String clean = Surrogates.replaceLone(clip(visible(text, limit), limit));
    long[] pieces = clean.isEmpty() ? NO_PIECES : tokenizer.encode(clean, false, false).getIds();
    int budget = Math.min(limit.maxTokens() - 2, pieces.length);
    int head =
        switch (limit.truncation()) {
          case LEFT -> 0;
          case RIGHT -> budget;
          case HEAD_TAIL -> pieces.length > budget ? (budget + 1) / 2 : budget;
        };
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

  /** The same, without word pieces where all of them are the unknown token: they say nothing. */
  public int[] encodeKnown(String text, TokenLimit limit) {
    int[] ids = encode(text, limit);
    for (int i = 1; i < ids.length - 1; i++) {
      if (ids[i] != unknownTokenId) {
        return ids;
      }
    }
    return new int[] {clsTokenId, sepTokenId};
  }

  private static String visible(String text, TokenLimit limit) {
    String visible = VisibleText.of(text);
    boolean tooLong = visible.length() > 2L * CLIP_CHARS_PER_TOKEN * limit.maxTokens();
    if (tooLong || visible.startsWith("<")) {
      String said = VisibleText.of(VisibleText.withoutTags(visible));
      return tooLong || VisibleText.silent(said) ? said : visible;
    }
    return visible;
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

  static String clip(String text, TokenLimit limit) {
    long half = (long) CLIP_CHARS_PER_TOKEN * limit.maxTokens();
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
    return switch (limit.truncation()) {
      case LEFT -> text.substring(tailStart);
      case RIGHT -> text.substring(0, headEnd);
      case HEAD_TAIL -> text.substring(0, headEnd) + " " + text.substring(tailStart);
    };
  }

  private static List<Integer> specialTokens(JsonNode root, String source) {
    for (List<String> names : SPECIAL_TOKENS) {
      List<Integer> ids =
          names.stream()
              .map(name -> id(root, name))
              .filter(OptionalInt::isPresent)
              .map(OptionalInt::getAsInt)
              .toList();
      if (ids.size() == names.size()) {
        return ids;
      }
    }
    throw new ModelException(
        "unsupported-tokenizer",
        "%s has neither all of %s nor all of %s; use the tokenizer.json of a BERT, DistilBERT or RoBERTa."
            .formatted(source, SPECIAL_TOKENS.get(0), SPECIAL_TOKENS.get(1)));
  }

  /** A token's id, of the vocabulary or of the tokens added to it. */
  private static OptionalInt id(JsonNode root, String token) {
    JsonNode id = root.path("model").path("vocab").path(token);
    for (JsonNode added : root.path("added_tokens")) {
      if (!id.isInt() && added.path("content").asText().equals(token)) {
        id = added.path("id");
      }
    }
    return id.isInt() ? OptionalInt.of(id.intValue()) : OptionalInt.empty();
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
