package dev.weir.testing;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.model.spec.Architecture;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Small real {@code tokenizer.json} files: WordPiece over some English words and all lower-case
 * ASCII, and byte-level BPE with a few merges.
 */
final class TestingTokenizers {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final List<String> WORDS =
      List.of(
          "the", "a", "and", "of", "it", "was", "is", "not", "very", "film", "movie", "plot",
          "actor", "good", "great", "fine", "love", "loved", "bad", "awful", "boring", "hate",
          "hated", "review", "product", "works", "broken", "again", "##ing", "##ed", "##ly", "##s");

  private TestingTokenizers() {}

  /** A tokenizer of the kind that an architecture has. */
  static ObjectNode of(Architecture architecture) {
    return architecture == Architecture.ROBERTA ? byteLevel() : wordPiece();
  }

  private static ObjectNode wordPiece() {
    Map<String, Integer> vocabulary = new LinkedHashMap<>();
    for (String token : List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")) {
      add(vocabulary, token);
    }
    for (char c = '!'; c <= '~'; c++) {
      if (!Character.isUpperCase(c)) {
        add(vocabulary, String.valueOf(c));
        add(vocabulary, "##" + c);
      }
    }
    WORDS.forEach(word -> add(vocabulary, word));
    ObjectNode root = root("[PAD]", 0);
    root.putArray("added_tokens");
    root.putObject("normalizer")
        .put("type", "BertNormalizer")
        .put("clean_text", true)
        .put("handle_chinese_chars", true)
        .putNull("strip_accents")
        .put("lowercase", true);
    root.putObject("pre_tokenizer").put("type", "BertPreTokenizer");
    root.putNull("post_processor");
    root.putObject("decoder").put("type", "WordPiece").put("prefix", "##").put("cleanup", true);
    ObjectNode model =
        root.putObject("model")
            .put("type", "WordPiece")
            .put("unk_token", "[UNK]")
            .put("continuing_subword_prefix", "##")
            .put("max_input_chars_per_word", 100);
    vocabulary.forEach(model.putObject("vocab")::put);
    return root;
  }

  private static ObjectNode byteLevel() {
    Map<String, Integer> vocabulary = new LinkedHashMap<>();
    for (String token : List.of("<s>", "<pad>", "</s>", "<unk>")) {
      add(vocabulary, token);
    }
    int further = 0;
    for (int b = 0; b < 256; b++) {
      // GPT-2's alphabet: bytes that print stand for themselves, the others come after Latin-1.
      boolean prints = (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
      add(vocabulary, Character.toString(prints ? b : 256 + further++));
    }
    ArrayNode merges = JSON.createArrayNode();
    for (String word : WORDS.subList(0, 28)) {
      String left = "\u0120"; // a space
      for (int i = 0; i < word.length(); i++) {
        char c = word.charAt(i);
        if (!vocabulary.containsKey(left + c)) {
          merges.add(left + " " + c);
          add(vocabulary, left + c);
        }
        left += c;
      }
    }
    add(vocabulary, "<mask>");
    ObjectNode root = root("<pad>", 1);
    ArrayNode added = root.putArray("added_tokens");
    for (String token : List.of("<s>", "<pad>", "</s>", "<unk>", "<mask>")) {
      added
          .addObject()
          .put("id", vocabulary.getOrDefault(token, -1))
          .put("content", token)
          .put("single_word", false)
          .put("lstrip", token.equals("<mask>"))
          .put("rstrip", false)
          .put("normalized", true)
          .put("special", true);
    }
    root.putNull("normalizer");
    root.putObject("pre_tokenizer")
        .put("type", "ByteLevel")
        .put("add_prefix_space", false)
        .put("trim_offsets", true)
        .put("use_regex", true);
    root.putNull("post_processor");
    root.putObject("decoder")
        .put("type", "ByteLevel")
        .put("add_prefix_space", true)
        .put("trim_offsets", true)
        .put("use_regex", true);
    ObjectNode model = root.putObject("model").put("type", "BPE").putNull("dropout");
    model.putNull("unk_token");
    model.put("continuing_subword_prefix", "").put("end_of_word_suffix", "");
    model.put("fuse_unk", false).put("byte_fallback", false);
    vocabulary.forEach(model.putObject("vocab")::put);
    model.set("merges", merges);
    return root;
  }

  private static void add(Map<String, Integer> vocabulary, String token) {
    vocabulary.putIfAbsent(token, vocabulary.size());
  }

  /** With truncation and padding: traps that published files contain. */
  private static ObjectNode root(String padToken, int padId) {
    ObjectNode root = JSON.createObjectNode().put("version", "1.0");
    root.putObject("truncation")
        .put("direction", "Right")
        .put("max_length", 8)
        .put("strategy", "LongestFirst")
        .put("stride", 0);
    root.putObject("padding")
        .put("direction", "Right")
        .put("pad_id", padId)
        .put("pad_type_id", 0)
        .put("pad_token", padToken)
        .putNull("pad_to_multiple_of")
        .putObject("strategy")
        .put("Fixed", 8);
    return root;
  }
}
