package dev.weir.inference.score;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;

/**
 * Chooses the rows of the next micro-batch from the queues of the two paths.
 *
 * <p>The row whose turn it is, on the path whose turn it is, always goes: no row waits for ever,
 * and no client for another one's backlog ({@link TurnQueue}). Rows of about its length join it, of
 * all clients and both paths, while {@code rows × longest} stays within the token budget: padding
 * is work, and mixed lengths in one batch are slower than one text at a time. When the first row is
 * of a client that has little waiting, rows of such clients may fill the budget, and others only an
 * eighth of it (on Kafka a quarter): a lone text waits for the batch that runs when it comes, not
 * for the length of its own as well. While such clients keep coming over HTTP the batches of the
 * others are half as long, because one of them is what a lone text waits for. Not thread-safe; the
 * caller holds the lock of the queues.
 */
final class BatchPicker {

  /** Rows looked at per queue: among more of them there are companions of nearer length. */
  static final int WINDOW = 256;

  /** A companion may differ by a quarter of the first row's length, or by this many tokens. */
  private static final int TOLERANCE = 8;

  /** A client has little waiting while its tokens are this fraction of the budget. */
  private static final int LITTLE = 4;

  /** Over HTTP others may fill a batch of such clients up to this fraction of the budget. */
  private static final int BESIDE = 8;

  /** So many batches after that of a client with little waiting are short, whoever they are for. */
  static final int SHORT_BATCHES = 32;

  private final int tokenBudget;

  /** How many of the next batches are short. */
  private int shortBatches;

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
    if (first.isEmpty()) {
      return List.of();
    }
    Row next = first.first(1).get(0);
    boolean little = first.clients() + second.clients() > 1 && little(first, next);
    Row head = Objects.requireNonNull(first.poll());
    int budget = budget(little, head.source());
    List<Row> batch = new ArrayList<>();
    batch.add(head);
    if (maxRows > 1 && 2L * head.length() <= budget) {
      List<Row> near = candidates(first, second, head.length());
      if (little) {
        List<Row> alike =
            near.stream().filter(row -> little(first, row) || little(second, row)).toList();
        join(batch, alike, maxRows, tokenBudget);
        near.removeAll(new HashSet<>(alike));
        int part = head.source() == Source.HTTP ? BESIDE : LITTLE;
        join(batch, near, maxRows, tokenBudget / part);
      } else {
        join(batch, near, maxRows, budget);
      }
      for (Row companion : batch.subList(1, batch.size())) {
        if (!first.remove(companion) && !second.remove(companion)) {
          throw new IllegalStateException("a companion was in neither queue");
        }
      }
    }
    return batch;
  }

  /**
   * The tokens of the next batch, given whether its first row is of a client with little waiting.
   */
  private int budget(boolean little, Source source) {
    if (little) {
      // A partition that is nearly read must not make the batches of the others short.
      shortBatches = source == Source.HTTP ? SHORT_BATCHES : shortBatches;
      return tokenBudget;
    }
    if (shortBatches == 0) {
      return tokenBudget;
    }
    shortBatches--;
    return tokenBudget / 2;
  }

  /** Whether the client of a row has something waiting here, and little of it. */
  private boolean little(TurnQueue queue, Row row) {
    long tokens = queue.tokens(row);
    return tokens > 0 && tokens <= tokenBudget / LITTLE;
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

  private static void join(List<Row> batch, List<Row> candidates, int maxRows, int budget) {
    int longest = batch.stream().mapToInt(Row::length).max().orElse(0);
    for (Row row : candidates) {
      if (batch.size() >= maxRows) {
        return;
      }
      int padded = Math.max(longest, row.length());
      if ((long) padded * (batch.size() + 1) <= budget) {
        batch.add(row);
        longest = padded;
      }
    }
  }
}
