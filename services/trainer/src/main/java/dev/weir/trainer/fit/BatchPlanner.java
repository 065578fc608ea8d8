package dev.weir.trainer.fit;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;

/**
 * Cuts rows into batches of similar length, so that little is padding, in a random order.
 *
 * <p>Rows are shuffled, sorted by length within windows of many batches, cut, and the batches
 * shuffled: random enough to learn from, and the same for the same seed.
 */
final class BatchPlanner {

  private static final int WINDOW_BATCHES = 16;

  private BatchPlanner() {}

  /** One epoch: every row once. */
  static List<int[]> epoch(List<int[]> tokens, int batchSize, Random random) {
    List<Integer> order = new ArrayList<>(rows(tokens.size()));
    Collections.shuffle(order, random);
    List<int[]> batches = new ArrayList<>();
    int window = batchSize * WINDOW_BATCHES;
    for (int at = 0; at < order.size(); at += window) {
      List<Integer> rows = order.subList(at, Math.min(order.size(), at + window));
      rows.sort(Comparator.comparingInt(row -> tokens.get(row).length));
      cut(rows, batchSize, batches);
    }
    Collections.shuffle(batches, random);
    return batches;
  }

  /** All rows in batches of at most {@code budget} tokens with padding, for reading only. */
  static List<int[]> byTokens(List<int[]> tokens, int budget) {
    List<Integer> order = new ArrayList<>(rows(tokens.size()));
    order.sort(Comparator.comparingInt(row -> tokens.get(row).length));
    return split(order.stream().mapToInt(Integer::intValue).toArray(), tokens, budget);
  }

  /**
   * Splits a batch into parts of at most {@code budget} tokens with padding; a row that is longer
   * alone is a part of its own.
   */
  static List<int[]> split(int[] batch, List<int[]> tokens, int budget) {
    List<int[]> parts = new ArrayList<>();
    int from = 0;
    int longest = 0;
    for (int i = 0; i < batch.length; i++) {
      longest = Math.max(longest, tokens.get(batch[i]).length);
      if (i > from && (long) longest * (i + 1 - from) > budget) {
        parts.add(Arrays.copyOfRange(batch, from, i));
        from = i;
        longest = tokens.get(batch[i]).length;
      }
    }
    parts.add(Arrays.copyOfRange(batch, from, batch.length));
    return parts;
  }

  private static void cut(List<Integer> rows, int size, List<int[]> into) {
    for (int at = 0; at < rows.size(); at += size) {
      into.add(
          rows.subList(at, Math.min(rows.size(), at + size)).stream()
              .mapToInt(Integer::intValue)
              .toArray());
    }
  }

  private static List<Integer> rows(int count) {
    return java.util.stream.IntStream.range(0, count).boxed().toList();
  }
}
