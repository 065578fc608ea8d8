package dev.weir.inference.score;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;

/**
 * Chooses the rows of the next micro-batch from two queues.
 *
 * <p>The oldest row of the queue whose turn it is always goes, so no row waits for ever. Rows of
 * about its length join it, from both queues, while {@code rows × longest} stays within the token
 * budget: padding is work, and mixed lengths in one batch are slower than one text at a time. Not
 * thread-safe; the caller holds the lock of the queues.
 */
final class BatchPicker {

  /** Rows looked at per queue; sorting within about a hundred is enough to find companions. */
  static final int WINDOW = 64;

  /** A companion may differ by a quarter of the first row's length, or by this many tokens. */
  private static final int TOLERANCE = 8;

  private final int tokenBudget;

  BatchPicker(int tokenBudget) {
    this.tokenBudget = tokenBudget;
  }

  /**
   * Removes a batch from the queues.
   *
   * @param turn the queue that the first row comes from, unless it is empty
   * @param other the other queue
   * @param maxRows at most so many rows, at least 1
   * @return at least one row; empty only when both queues are
   */
  List<Row> pick(Deque<Row> turn, Deque<Row> other, int maxRows) {
    Deque<Row> first = turn.isEmpty() ? other : turn;
    Deque<Row> second = turn.isEmpty() ? turn : other;
    Row head = first.poll();
    if (head == null) {
      return List.of();
    }
    List<Row> batch = new ArrayList<>();
    batch.add(head);
    if (maxRows > 1 && 2L * head.length() <= tokenBudget) {
      join(batch, candidates(first, second, head.length()), maxRows);
      if (batch.size() > 1) {
        remove(first, batch);
        remove(second, batch);
      }
    }
    return batch;
  }

  private static List<Row> candidates(Deque<Row> first, Deque<Row> second, int length) {
    int tolerance = Math.max(TOLERANCE, length / 4);
    List<Row> near = new ArrayList<>();
    for (Deque<Row> queue : List.of(first, second)) {
      queue.stream()
          .limit(WINDOW)
          .filter(row -> Math.abs(row.length() - length) <= tolerance)
          .forEach(near::add);
    }
    // Stable: among equals the older row goes first.
    near.sort(Comparator.comparingInt(row -> Math.abs(row.length() - length)));
    return near;
  }

  private void join(List<Row> batch, List<Row> candidates, int maxRows) {
    int longest = batch.get(0).length();
    for (Row row : candidates) {
      if (batch.size() >= maxRows) {
        return;
      }
      int padded = Math.max(longest, row.length());
      if ((long) padded * (batch.size() + 1) <= tokenBudget) {
        batch.add(row);
        longest = padded;
      }
    }
  }

  /** Takes the chosen rows out of the front of a queue and leaves the others in their order. */
  private static void remove(Deque<Row> queue, List<Row> chosen) {
    Deque<Row> kept = new ArrayDeque<>();
    for (int i = 0; i < WINDOW && !queue.isEmpty(); i++) {
      Row row = queue.remove();
      if (!chosen.contains(row)) {
        kept.push(row);
      }
    }
    kept.forEach(queue::push);
  }
}
