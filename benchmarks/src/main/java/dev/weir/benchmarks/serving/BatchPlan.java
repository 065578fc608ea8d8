package dev.weir.benchmarks.serving;

import dev.weir.contract.text.TokenLimit;
import dev.weir.model.base.TextTokenizer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Texts in the order and the batches that are best for the model, which no live stream has. */
final class BatchPlan {
  private BatchPlan() {}

  /** Token ids of texts. */
  static List<int[]> tokens(List<StreamText> texts, TextTokenizer tokenizer, TokenLimit limit) {
    List<int[]> tokens = new ArrayList<>(texts.size());
    texts.forEach(text -> tokens.add(tokenizer.encode(text.text(), limit)));
    return tokens;
  }

  /**
   * All texts sorted by length, longest first so that the last batches are small ones, cut where
   * {@code rows × longest} would pass the budget.
   */
  static List<int[][]> sorted(List<int[]> tokens, int tokenBudget) {
    List<int[]> order = new ArrayList<>(tokens);
    order.sort(Comparator.comparingInt((int[] row) -> row.length).reversed());
    List<int[][]> batches = new ArrayList<>();
    List<int[]> batch = new ArrayList<>();
    for (int[] row : order) {
      // Sorted: the first row of a batch is its longest.
      if (!batch.isEmpty() && batch.get(0).length * (batch.size() + 1) > tokenBudget) {
        batches.add(batch.toArray(int[][]::new));
        batch.clear();
      }
      batch.add(row);
    }
    batches.add(batch.toArray(int[][]::new));
    return batches;
  }
}
