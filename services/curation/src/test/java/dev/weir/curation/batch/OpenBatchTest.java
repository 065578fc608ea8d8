package dev.weir.curation.batch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.common.event.EventJson;
import dev.weir.common.event.Example;
import dev.weir.common.event.InputPosition;
import dev.weir.common.event.Split;
import dev.weir.curation.split.HoldoutSplit;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class OpenBatchTest {

  private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");

  @Test
  void aHoldoutShareThatChangesHoldsFromTheNextBatchOn() {
    HoldoutSplit changed = new HoldoutSplit(0.5);
    OpenBatch open = OpenBatch.empty(3, 0.25);
    assertThat(open.split(changed)).isEqualTo(changed);

    OpenBatch used =
        open.with(example("positive"), null, List.of("negative", "positive"), 0.25, NOW);
    assertThat(used.split(changed).share()).isEqualTo(0.25);
    assertThat(EventJson.read(EventJson.write(used), OpenBatch.class)).isEqualTo(used);

    OpenBatch corrected = used.with(example("negative"), "positive", used.labels(), 0.25, NOW);
    assertThat(corrected.size()).isEqualTo(1);
    assertThat(corrected.counts()).containsExactly(Map.entry(Split.TRAIN, Map.of("negative", 1)));
  }

  private static Example example(String label) {
    return new Example(
        "default",
        "ab".repeat(32),
        "text",
        label,
        Split.TRAIN,
        "default-000003",
        null,
        "ann",
        NOW,
        new InputPosition("feedback", 0, 1));
  }
}
