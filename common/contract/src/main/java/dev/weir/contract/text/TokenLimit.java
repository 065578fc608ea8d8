package dev.weir.contract.text;

/**
 * How long a text may be, and what is left of a longer one. Training and serving have to agree on
 * it, so it travels with the adapter.
 *
 * @param maxTokens longest input, special tokens included; at least 2
 * @param truncation what is cut off
 */
public record TokenLimit(int maxTokens, Truncation truncation) {
  public TokenLimit {
    if (maxTokens < 2) {
      throw new IllegalArgumentException("maxTokens must be at least 2, is " + maxTokens);
    }
  }

  /** A limit under which a longer text keeps its head and its tail. */
  public static TokenLimit of(int maxTokens) {
    return new TokenLimit(maxTokens, Truncation.HEAD_TAIL);
  }
}
