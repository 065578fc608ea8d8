package dev.weir.curation.batch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.Example;
import dev.weir.contract.event.InputPosition;
import dev.weir.contract.event.Split;
import dev.weir.curation.split.HoldoutSplit;
import java.nio.charset.StandardCharsets;
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

  @Test
  void openBatchesOfTheEarlierVersionAreRead() {
    String known =
        """
        {"sequence":3,"counts":{"train":{"positive":2},"holdout":{"negative":1}},\
        "labels":["negative","positive"],"openedAt":"2024-05-01T10:00:00Z",\
        "firstFeedbackAt":"2024-05-01T10:00:00Z","lastFeedbackAt":"2024-05-01T10:00:00Z",\
        "input":[{"topic":"feedback","partition":3,"firstOffset":17,"lastOffset":19}]%s}""";
    OpenBatch traced = read(known.formatted(",\"traces\":[\"00-a-b-01\"]"));
    assertThat(traced.size()).isEqualTo(3);
    assertThat(traced.traces()).containsExactly("00-a-b-01");
    assertThat(traced.holdoutShare()).isNull();
    assertThat(read(known.formatted("")).traces()).isEmpty();
    assertThat(
            read("{\"sequence\":4,\"counts\":{},\"labels\":[],\"input\":[],\"traces\":[]}").size())
        .isZero();
  }

  private static OpenBatch read(String json) {
    return EventJson.read(json.getBytes(StandardCharsets.UTF_8), OpenBatch.class);
  }
}
