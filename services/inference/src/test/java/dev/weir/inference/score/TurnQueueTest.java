package dev.weir.inference.score;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.contract.text.TokenLimit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class TurnQueueTest {

  private static final int BUDGET = 256;

  private final TurnQueue queue = new TurnQueue();

  /** However much the others have waiting, in however many requests, a lone text is next. */
  @Property(tries = 300)
  void newcomerIsInTheNextBatch(
      @ForAll @Size(min = 1, max = 12) List<@IntRange(min = 1, max = 50) Integer> requests,
      @ForAll @IntRange(min = 16, max = 40) int rowsEach,
      @ForAll @IntRange(min = 2, max = 300) int length,
      @ForAll @IntRange(min = 0, max = 30) int before) {
    TurnQueue waiting = new TurnQueue();
    for (int client = 0; client < requests.size(); client++) {
      for (int request = 0; request < requests.get(client); request++) {
        add(waiting, "bulk-" + client, rowsEach, 20);
      }
    }
    BatchPicker picker = new BatchPicker(BUDGET);
    for (int i = 0; i < before; i++) {
      picker.pick(waiting, new TurnQueue(), 64);
    }
    Row lone = add(waiting, "lone", 1, length).get(0);
    assertThat(picker.pick(waiting, new TurnQueue(), 64)).startsWith(lone);
  }

  @Property(tries = 200)
  void splittingIntoManyRequestsGainsNothing(
      @ForAll @IntRange(min = 1, max = 50) int perRequest,
      @ForAll @IntRange(min = 2, max = 100) int length,
      @ForAll @IntRange(min = 2, max = 100) int otherLength) {
    TurnQueue waiting = new TurnQueue();
    for (int rows = 0; rows < 600; rows += perRequest) {
      add(waiting, "splits", perRequest, length);
    }
    add(waiting, "does-not", 600, otherLength);
    Map<String, Integer> tokens = new HashMap<>();
    for (int i = 0; i < 600; i++) {
      Row row = Objects.requireNonNull(waiting.poll());
      tokens.merge(row.submission().caller().client(), row.length(), Integer::sum);
      int apart = tokens.getOrDefault("splits", 0) - tokens.getOrDefault("does-not", 0);
      assertThat(Math.abs(apart)).isLessThanOrEqualTo(Math.max(length, otherLength));
    }
  }

  /** A client that asks again as soon as it is answered has no more turns than one that waits. */
  @Test
  void askingOftenGainsNothing() {
    add(queue, "bulk", 1000, 10);
    Map<String, Integer> turns = new HashMap<>();
    for (int i = 0; i < 400; i++) {
      if (queue.size("often") == 0) {
        add(queue, "often", 1, 10);
      }
      Row row = Objects.requireNonNull(queue.poll());
      turns.merge(row.submission().caller().client(), 1, Integer::sum);
    }
    assertThat(turns.get("bulk")).isBetween(199, 201);
  }

  /** As texts for evicted adapters do, which had their turns before they could be scored. */
  @Test
  void comingBackTogetherGainsNothing() {
    add(queue, "bulk", 300, 20);
    add(queue, "other", 1000, 20);
    List<Row> setAside = new ArrayList<>();
    while (queue.size("bulk") > 0) {
      Row row = Objects.requireNonNull(queue.poll());
      if (row.submission().caller().client().equals("bulk")) {
        setAside.add(row);
      }
    }
    for (int i = setAside.size() - 1; i >= 0; i--) {
      queue.addFirst(setAside.get(i));
    }
    Row lone = add(queue, "lone", 1, 20).get(0);
    assertThat(queue.poll()).as("what came back is next").isSameAs(setAside.get(0));
    assertThat(List.of(queue.poll(), queue.poll())).contains(lone);
    Map<String, Integer> turns = new HashMap<>();
    for (int i = 0; i < 200; i++) {
      turns.merge(queue.poll().submission().caller().client(), 1, Integer::sum);
    }
    assertThat(turns.get("bulk")).isBetween(98, 102);
  }

  @Test
  void requestsOfOneClientTakeTurns() {
    List<Row> large = add(queue, "one", 100, 20);
    Row small = add(queue, "one", 1, 20).get(0);
    assertThat(queue.poll()).isSameAs(large.get(0));
    assertThat(queue.poll()).isSameAs(small);
  }

  @Test
  void clientsThatAreGoneAreForgottenAndThereAreBoundsToWhoIsRemembered() {
    add(queue, "bulk", 100_000, 2);
    for (int i = 0; i < 40_000; i++) {
      add(queue, "passing-" + i, 1, 500);
      queue.poll();
      assertThat(queue.remembered()).isLessThanOrEqualTo(TurnQueue.MOST_IDLE + 2);
    }
    queue.drain();
    assertThat(queue.remembered()).isZero();
  }

  @Test
  void leavingTakesOutOneCallerAlone() {
    List<Row> gone = add(queue, "client", 10, 20);
    List<Row> stays = add(queue, "client", 10, 20);
    assertThat(queue.leave(gone.get(0).submission().caller()))
        .containsExactlyInAnyOrderElementsOf(gone);
    assertThat(queue.size()).isEqualTo(10);
    List<Row> left = new ArrayList<>();
    for (Row row = queue.poll(); row != null; row = queue.poll()) {
      left.add(row);
    }
    assertThat(new HashSet<>(left)).isEqualTo(new HashSet<>(stays));
    assertThat(left).hasSize(10);
  }

  private static List<Row> add(TurnQueue queue, String client, int rows, int length) {
    Submission submission = new Submission(Caller.http(client), rows);
    List<Row> added = new ArrayList<>(rows);
    for (int i = 0; i < rows; i++) {
      Query query = new Query("", "", "default", new int[length], TokenLimit.of(64), null);
      Row row = new Row(query, submission, i);
      queue.add(row);
      added.add(row);
    }
    return added;
  }
}
