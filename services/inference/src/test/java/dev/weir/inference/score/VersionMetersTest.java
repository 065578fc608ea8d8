package dev.weir.inference.score;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.contract.release.AdapterId;
import dev.weir.inference.slot.AdapterRegistry;
import dev.weir.inference.slot.TestingAdapters;
import dev.weir.inference.slot.TestingSlotTable;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class VersionMetersTest {

  private static final int LABELS = 1000;

  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final AdapterRegistry registry =
      TestingAdapters.registry(new TestingSlotTable.Opener(), 4);

  @AfterEach
  void close() {
    registry.close();
  }

  @Test
  void versionOfAThousandLabelsHasSeriesForTheFirstFiftyAndOneForTheRest() {
    List<String> labels = IntStream.range(0, LABELS).mapToObj(i -> "label-" + i).toList();
    VersionMeters of = new VersionMeters(meters, registry);
    TestingAdapters.serve(registry, "many", 1, labels);
    for (int best = 0; best < LABELS; best++) {
      of.answered(answer("many", labels, best, 0));
    }
    of.answered(answer("many", labels, 3, 0));
    of.answered(answer("many", labels, 4, 1));

    assertThat(meters.find("weir.inference.answers").counters())
        .hasSize(VersionMeters.MOST_LABELS + 2);
    assertThat(count("label-3")).isEqualTo(2);
    assertThat(count(VersionMeters.OTHER)).isEqualTo(LABELS - VersionMeters.MOST_LABELS);
    assertThat(count(VersionMeters.ABSTAINED)).isEqualTo(1);
  }

  private double count(String label) {
    return meters.find("weir.inference.answers").tag("label", label).counters().stream()
        .mapToDouble(Counter::count)
        .sum();
  }

  private static Answer.Scored answer(
      String adapter, List<String> labels, int best, double abstainBelow) {
    List<Double> probabilities =
        IntStream.range(0, labels.size()).mapToObj(i -> i == best ? 0.9 : 0.0001).toList();
    return new Answer.Scored(
        new AdapterId(adapter, 1), "digest-1", labels, probabilities, abstainBelow, null);
  }
}
