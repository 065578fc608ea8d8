package dev.weir.trainer.fit;

import dev.weir.contract.text.TokenLimit;
import dev.weir.model.base.TextTokenizer;
import dev.weir.trainer.data.LabeledText;
import java.util.ArrayList;
import java.util.List;

/**
 * Labeled texts as token ids and class numbers, in order.
 *
 * @param tokens ids per text, special ones included
 * @param labels the class of each text: its place in the list of label names
 */
@SuppressWarnings("ArrayRecordComponent") // read by the fitting thread only
public record EncodedExamples(List<int[]> tokens, int[] labels) {

  /**
   * Tokenises texts.
   *
   * @throws IllegalArgumentException if a text has a label that is not one of {@code names}
   */
  public static EncodedExamples of(
      List<LabeledText> texts, List<String> names, TextTokenizer tokenizer, TokenLimit limit) {
    List<int[]> tokens = new ArrayList<>(texts.size());
    int[] labels = new int[texts.size()];
    for (int i = 0; i < labels.length; i++) {
      LabeledText text = texts.get(i);
      tokens.add(tokenizer.encode(text.text(), limit));
      labels[i] = names.indexOf(text.label());
      if (labels[i] < 0) {
        throw new IllegalArgumentException(
            "label '%s' is not one of %s; declare it, or leave such rows out"
                .formatted(text.label(), names));
      }
    }
    return new EncodedExamples(tokens, labels);
  }

  /** How many there are. */
  public int size() {
    return labels.length;
  }

  /** Some of them. */
  public EncodedExamples rows(int[] rows) {
    List<int[]> some = new ArrayList<>(rows.length);
    int[] classes = new int[rows.length];
    for (int i = 0; i < rows.length; i++) {
      some.add(tokens.get(rows[i]));
      classes[i] = labels[rows[i]];
    }
    return new EncodedExamples(some, classes);
  }
}
