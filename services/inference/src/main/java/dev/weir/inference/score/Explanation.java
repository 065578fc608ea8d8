package dev.weir.inference.score;

import java.util.List;

/**
 * An answer and what each word of the text did for it.
 *
 * @param answer the answer; only a {@link Answer.Scored} one has words
 * @param words the words in the order of the text
 */
public record Explanation(Answer answer, List<Word> words) {

  /** Copies the words. */
  public Explanation {
    words = List.copyOf(words);
  }

  /**
   * One word, or some neighbouring ones of a long text.
   *
   * @param start its first character in the text, in UTF-16 code units
   * @param end the one after its last
   * @param score by how many nats the log-odds of the predicted label fall when it is left out:
   *     above 0 it speaks for the label, below 0 against it
   * @param probability of the predicted label without it
   */
  public record Word(int start, int end, double score, double probability) {}
}
