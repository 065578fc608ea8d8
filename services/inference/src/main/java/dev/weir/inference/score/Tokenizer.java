package dev.weir.inference.score;

/** Turns text into token ids; thread-safe. */
@FunctionalInterface
public interface Tokenizer {

  /** Token ids of a text, special tokens included, at most {@code maxTokens} of them. */
  int[] encode(String text, int maxTokens);
}
