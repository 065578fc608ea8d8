package dev.weir.inference.score;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Chooses the rows of the next micro-batch from the queues of the two paths.
 *
 * <p>The oldest row of the adapter whose turn it is, on the path whose turn it is, always goes: no
 * row waits for ever, and no adapter waits for another one's backlog. Rows of about its length join
 * it, of all adapters and both paths, while {@code rows × longest} stays within the token budget:
 * padding is work, and mixed lengths in one batch are slower than one text at a time. Not
 * thread-safe; the caller holds the lock of the queues.
 */
final class BatchPicker {

  /** Rows looked at per queue: among more of them there are companions of nearer length. */
  static final int WINDOW = 256;

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
  List<Row> pick(TurnQueue turn, TurnQueue other, int maxRows) {
    TurnQueue first = turn.isEmpty() ? other : turn;
    TurnQueue second = turn.isEmpty() ? turn : other;
    Row head = first.poll();
    if (head == null) {
      return List.of();
    }
    List<Row> batch = new ArrayList<>();
    batch.add(head);
    if (maxRows > 1 && 2L * head.length() <= tokenBudget) {
      join(batch, candidates(first, second, head.length()), maxRows);
      for (Row companion : batch.subList(1, batch.size())) {
        if (!first.remove(companion) && !second.remove(companion)) {
          throw new IllegalStateException("a companion was in neither queue");
        }
      }
    }
    return batch;
  }

  private static List<Row> candidates(TurnQueue first, TurnQueue second, int length) {
    int tolerance = Math.max(TOLERANCE, length / 4);
    List<Row> near = first.first(WINDOW);
    near.addAll(second.first(WINDOW));
    near.removeIf(row -> Math.abs(row.length() - length) > tolerance);
    // Stable: among equals the older row goes first, and one of each adapter before its second.
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
}
