package dev.weir.inference.score;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.contract.text.TokenLimit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
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
      @ForAll @IntRange(min = 1, max = 64) int maxRows,
      @ForAll @IntRange(min = 1, max = 9) int adapters) {
    TurnQueue first = rows(kafka, adapters);
    TurnQueue second = rows(http, adapters);
    List<Row> all = new ArrayList<>(first.first(first.size()));
    all.addAll(second.first(second.size()));
    Set<Row> seen = new HashSet<>();
    while (!first.isEmpty() || !second.isEmpty()) {
      Row head = (first.isEmpty() ? second : first).first(1).get(0);
      List<Row> batch = picker.pick(first, second, maxRows);
      assertThat(batch).startsWith(head).hasSizeLessThanOrEqualTo(maxRows);
      int longest = batch.stream().mapToInt(Row::length).max().orElseThrow();
      assertThat(batch.size() == 1 || longest * batch.size() <= BUDGET).isTrue();
      for (Row row : batch) {
        assertThat(seen.add(row)).isTrue();
      }
      assertOrderKept(all, first, second);
      TurnQueue turn = first;
      first = second;
      second = turn;
    }
    assertThat(seen).containsExactlyInAnyOrderElementsOf(all);
  }

  @Property(tries = 300)
  void adapterIsServedWithinATurnPerAdapterThatWaits(
      @ForAll @Size(min = 1, max = 200) List<@IntRange(min = 2, max = 700) Integer> flood,
      @ForAll @IntRange(min = 2, max = 700) int length,
      @ForAll @IntRange(min = 1, max = 64) int maxRows,
      @ForAll @IntRange(min = 1, max = 9) int adapters) {
    TurnQueue queue = rows(flood, adapters);
    int others = Math.min(adapters, flood.size());
    Row lone = row("lone", length);
    queue.add(lone);
    for (int picks = 1; ; picks++) {
      if (picker.pick(queue, new TurnQueue(), maxRows).contains(lone)) {
        assertThat(picks).isLessThanOrEqualTo(others + 1);
        return;
      }
      // As fast as the flood is worked off, more of it comes.
      queue.add(row("flooding-" + picks % others, 20));
    }
  }

  @Test
  void rowsOfOtherLengthsDoNotJoin() {
    TurnQueue queue = rows(List.of(20, 400, 21, 200, 19), 1);
    List<Row> batch = picker.pick(queue, new TurnQueue(), 64);
    assertThat(batch.stream().map(Row::length)).containsExactly(20, 21, 19);
    assertThat(queue.first(9).stream().map(Row::length)).containsExactly(400, 200);
    assertThat(queue.size()).isEqualTo(2);
  }

  @Test
  void rowsOfOtherAdaptersJoinByLengthBeforeTheSecondsOfTheFirst() {
    TurnQueue queue = new TurnQueue();
    List<Row> busy = List.of(row("busy", 20), row("busy", 20), row("busy", 20));
    List<Row> quiet = List.of(row("quiet", 20), row("other", 20));
    busy.forEach(queue::add);
    quiet.forEach(queue::add);
    assertThat(picker.pick(queue, new TurnQueue(), 3))
        .containsExactly(busy.get(0), quiet.get(0), quiet.get(1));
    assertThat(queue.size("reviews-0", "busy")).isEqualTo(2);
    assertThat(queue.size("reviews-0", "quiet")).isZero();
  }

  @Test
  void rowsThatArePutBackAreNext() {
    TurnQueue queue = rows(List.of(20, 20, 20), 3);
    Row loaded = row("loaded", 400);
    queue.addFirst(loaded);
    assertThat(picker.pick(queue, new TurnQueue(), 64)).containsExactly(loaded);
    Row another = row("flooding-1", 300);
    queue.addFirst(another);
    assertThat(queue.first(1)).containsExactly(another);
    assertThat(queue.size()).isEqualTo(4);
  }

  @Test
  void bothQueuesShareABatch() {
    TurnQueue kafka = rows(List.of(20, 20), 1);
    TurnQueue http = rows(List.of(20), 1);
    assertThat(picker.pick(kafka, http, 64)).hasSize(3);
    assertThat(kafka.isEmpty() && http.isEmpty()).isTrue();
  }

  @Test
  void loneTextIsNotMadeToWaitForTheLengthOfAnothersBacklog() {
    TurnQueue queue = new TurnQueue();
    flood(queue, 200);
    picker.pick(queue, new TurnQueue(), 64);
    Row lone = row(Caller.http("lone"), "default", 20);
    queue.add(lone);
    List<Row> batch = picker.pick(queue, new TurnQueue(), 64);
    assertThat(batch).startsWith(lone);
    assertThat(20 * batch.size()).isLessThanOrEqualTo(BUDGET / 8);
  }

  @Test
  void batchesAreHalfAsLongWhileLoneTextsComeAndWholeAgainAfterwards() {
    TurnQueue queue = new TurnQueue();
    flood(queue, 2000);
    assertThat(picker.pick(queue, new TurnQueue(), 64)).hasSize(BUDGET / 20);
    queue.add(row(Caller.http("lone"), "default", 20));
    picker.pick(queue, new TurnQueue(), 64);
    for (int i = 0; i < BatchPicker.SHORT_BATCHES; i++) {
      assertThat(picker.pick(queue, new TurnQueue(), 64)).hasSize(BUDGET / 2 / 20);
    }
    assertThat(picker.pick(queue, new TurnQueue(), 64)).hasSize(BUDGET / 20);
  }

  @Test
  void partitionThatIsNearlyReadDoesNotMakeTheBatchesOfTheOthersShort() {
    TurnQueue queue = rows(Collections.nCopies(2000, 20), 1);
    queue.add(row(Caller.kafka("reviews-1"), "default", 20));
    for (int i = 0; i < 10; i++) {
      int before = queue.size("reviews-1");
      List<Row> batch = picker.pick(queue, new TurnQueue(), 64);
      boolean lone = before > 0 && batch.get(0).submission().caller().client().equals("reviews-1");
      assertThat(batch).hasSize(BUDGET / (lone ? 4 : 1) / 20);
    }
    assertThat(queue.size("reviews-1")).isZero();
  }

  @Test
  void textsOfManyClientsWithLittleWaitingFillABatch() {
    TurnQueue queue = new TurnQueue();
    flood(queue, 200);
    for (int i = 0; i < 100; i++) {
      queue.add(row(Caller.http("lone-" + i), "default", 20));
    }
    assertThat(picker.pick(queue, new TurnQueue(), 64))
        .hasSize(BUDGET / 20)
        .allMatch(row -> row.submission().caller().client().startsWith("lone-"));
  }

  private static void flood(TurnQueue queue, int rows) {
    Caller bulk = Caller.http("bulk");
    for (int i = 0; i < rows; i++) {
      queue.add(row(bulk, "default", 20));
    }
  }

  /** What is left of each adapter is in the order in which it came. */
  private static void assertOrderKept(List<Row> all, TurnQueue first, TurnQueue second) {
    for (TurnQueue queue : List.of(first, second)) {
      Map<String, Integer> last = new HashMap<>();
      for (Row row : queue.first(queue.size())) {
        int at = all.indexOf(row);
        assertThat(at).isGreaterThan(last.getOrDefault(row.query().adapter(), -1));
        last.put(row.query().adapter(), at);
      }
    }
  }

  private static TurnQueue rows(List<Integer> lengths, int adapters) {
    TurnQueue rows = new TurnQueue();
    for (int i = 0; i < lengths.size(); i++) {
      rows.add(row("flooding-" + i % adapters, lengths.get(i)));
    }
    return rows;
  }

  private static Row row(String adapter, int length) {
    return row(Caller.kafka("reviews-0"), adapter, length);
  }

  private static Row row(Caller caller, String adapter, int length) {
    return new Row(
        new Query("", "", adapter, new int[length], TokenLimit.of(64), null),
        new Submission(caller, 1),
        0);
  }
}
