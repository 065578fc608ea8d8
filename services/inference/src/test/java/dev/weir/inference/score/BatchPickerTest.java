package dev.weir.inference.score;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.common.model.TokenLimit;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class BatchPickerTest {

  private static final int BUDGET = 512;

  private final BatchPicker picker = new BatchPicker(BUDGET);

  @Property(tries = 300)
  void neitherLosesNorDoublesRowsAndKeepsTheBudget(
      @ForAll @Size(max = 200) List<@IntRange(min = 2, max = 700) Integer> kafka,
      @ForAll @Size(max = 200) List<@IntRange(min = 2, max = 700) Integer> http,
      @ForAll @IntRange(min = 1, max = 64) int maxRows) {
    Deque<Row> first = rows(kafka);
    Deque<Row> second = rows(http);
    List<Row> all = new ArrayList<>(first);
    all.addAll(second);
    Set<Row> seen = new HashSet<>();
    while (!first.isEmpty() || !second.isEmpty()) {
      Row head = first.isEmpty() ? second.peek() : first.peek();
      List<Row> batch = picker.pick(first, second, maxRows);
      assertThat(batch).startsWith(head).hasSizeLessThanOrEqualTo(maxRows);
      int longest = batch.stream().mapToInt(Row::length).max().orElseThrow();
      assertThat(batch.size() == 1 || longest * batch.size() <= BUDGET).isTrue();
      for (Row row : batch) {
        assertThat(seen.add(row)).isTrue();
      }
      assertOrderKept(all, first, second);
      Deque<Row> turn = first;
      first = second;
      second = turn;
    }
    assertThat(seen).containsExactlyInAnyOrderElementsOf(all);
  }

  @Test
  void rowsOfOtherLengthsDoNotJoin() {
    Deque<Row> queue = rows(List.of(20, 400, 21, 200, 19));
    List<Row> batch = picker.pick(queue, new ArrayDeque<>(), 64);
    assertThat(batch.stream().map(Row::length)).containsExactly(20, 21, 19);
    assertThat(queue.stream().map(Row::length)).containsExactly(400, 200);
  }

  @Test
  void bothQueuesShareABatch() {
    Deque<Row> kafka = rows(List.of(20, 20));
    Deque<Row> http = rows(List.of(20));
    assertThat(picker.pick(kafka, http, 64)).hasSize(3);
  }

  private static void assertOrderKept(List<Row> all, Deque<Row> first, Deque<Row> second) {
    for (Deque<Row> queue : List.of(first, second)) {
      int last = -1;
      for (Row row : queue) {
        int at = all.indexOf(row);
        assertThat(at).isGreaterThan(last);
        last = at;
      }
    }
  }

  private static Deque<Row> rows(List<Integer> lengths) {
    Submission submission = new Submission(lengths.size());
    Deque<Row> rows = new ArrayDeque<>();
    for (int i = 0; i < lengths.size(); i++) {
      rows.add(
          new Row(
              Source.KAFKA,
              new Query("", "", "default", new int[lengths.get(i)], TokenLimit.of(64), null),
              submission,
              i));
    }
    return rows;
  }
}
