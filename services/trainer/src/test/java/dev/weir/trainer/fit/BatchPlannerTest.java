package dev.weir.trainer.fit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class BatchPlannerTest {

  @Property(tries = 100)
  void anEpochHasEveryRowOnce(
      @ForAll @Size(min = 1, max = 200) List<@IntRange(min = 2, max = 64) Integer> lengths,
      @ForAll @IntRange(min = 1, max = 20) int batchSize,
      @ForAll long seed) {
    List<int[]> tokens = lengths.stream().map(int[]::new).toList();

    List<int[]> batches = BatchPlanner.epoch(tokens, batchSize, new Random(seed));

    assertThat(batches).allMatch(batch -> batch.length >= 1 && batch.length <= batchSize);
    int[] rows = batches.stream().flatMapToInt(Arrays::stream).sorted().toArray();
    assertThat(rows).isEqualTo(IntStream.range(0, tokens.size()).toArray());
  }

  @Property(tries = 100)
  void partsKeepTheTokenBudget(
      @ForAll @Size(min = 1, max = 50) List<@IntRange(min = 2, max = 64) Integer> lengths,
      @ForAll @IntRange(min = 8, max = 300) int budget) {
    List<int[]> tokens = lengths.stream().map(int[]::new).toList();
    int[] batch = IntStream.range(0, tokens.size()).toArray();

    List<int[]> parts = BatchPlanner.split(batch, tokens, budget);

    assertThat(parts.stream().flatMapToInt(Arrays::stream).toArray()).isEqualTo(batch);
    for (int[] part : parts) {
      int longest = Arrays.stream(part).map(row -> tokens.get(row).length).max().orElseThrow();
      assertThat(part.length == 1 || longest * part.length <= budget).isTrue();
    }
  }
}
