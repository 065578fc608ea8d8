package dev.weir.inference.score;

import dev.weir.contract.text.TokenLimit;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Tokenises {@code "17 some words"} to its number and one token per further word, between two
 * special ones; the fake slot table's answer tells the number.
 */
public final class TestingTokenizer implements Tokenizer {

  private final AtomicInteger encoded = new AtomicInteger();

  /** How many texts it has tokenised. */
  public int encoded() {
    return encoded.get();
  }

  @Override
  public int[] encode(String text, TokenLimit limit) {
    encoded.incrementAndGet();
    String[] words = text.split(" ", -1);
    int[] tokens = new int[Math.min(words.length + 2, limit.maxTokens())];
    Arrays.fill(tokens, 9);
    tokens[0] = 1;
    tokens[1] = words[0].matches("\\d+") ? Integer.parseInt(words[0]) : 0;
    tokens[tokens.length - 1] = 2;
    return tokens;
  }

  /** A text with that number and length. */
  public static String text(int number, int words) {
    return number + " word".repeat(words);
  }

  /** The hundredfold logit difference that an answer's two probabilities tell. */
  public static long number(Answer.Scored scored) {
    double p = scored.probabilities().get(0);
    return Math.round(100 * Math.log(p / (1 - p)));
  }
}
