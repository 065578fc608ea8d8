package dev.weir.inference.score;

import dev.weir.contract.text.TokenLimit;

/** Turns text into token ids; thread-safe. */
@FunctionalInterface
public interface Tokenizer {

  /** Token ids of a text, special tokens included, a longer one cut to {@code limit}. */
  int[] encode(String text, TokenLimit limit);
}
