package dev.weir.contract.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.contract.event.TrainingBatch.CloseReason;
import dev.weir.contract.event.TrainingBatch.InputRange;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class EventJsonTest {

  private static final Instant TIME = Instant.parse("2026-01-02T03:04:05.678Z");

  @Test
  void batchSurvivesRoundTripWithEnumKeys() {
    TrainingBatch batch =
        new TrainingBatch(
            "default-000001",
            "default",
            1,
            List.of("negative", "positive"),
            Map.of(Split.TRAIN, Map.of("negative", 3), Split.HOLDOUT, Map.of("positive", 1)),
            4,
            CloseReason.ACCURACY_DROP,
            TIME,
            TIME,
            TIME,
            TIME,
            List.of(new InputRange("feedback", 0, 1, 4)));
    byte[] json = EventJson.write(batch);
    assertThat(new String(json, StandardCharsets.UTF_8))
        .contains("\"train\":{\"negative\":3}")
        .contains("\"closedBy\":\"accuracy_drop\"")
        .contains("\"openedAt\":\"2026-01-02T03:04:05.678Z\"");
    assertThat(EventJson.read(json, TrainingBatch.class)).isEqualTo(batch);
  }

  @Property(tries = 300)
  void classificationSurvivesRoundTrip(
      @ForAll String id, @ForAll String label, @ForAll double latency, @ForAll boolean abstained) {
    Classification classification =
        new Classification(
            id,
            "default",
            3,
            "d",
            "b",
            label,
            Map.of(label, 0.5),
            abstained,
            null,
            new InputPosition("reviews", 1, 2),
            latency,
            TIME);
    Classification back = EventJson.read(EventJson.write(classification), Classification.class);
    // A lone surrogate has no UTF-8 form; everything else comes back as it was.
    if (encodable(id) && encodable(label)) {
      assertThat(back).isEqualTo(classification);
    } else {
      assertThat(back.version()).isEqualTo(3);
    }
  }

  @Test
  void absentFieldsAreLeftOut() throws IOException {
    JsonNode json =
        EventJson.mapper()
            .readTree(EventJson.write(Feedback.labeled("r1", "text", "positive", "anna")));
    assertThat(json.has("verdict")).isFalse();
    assertThat(json.get("label").textValue()).isEqualTo("positive");
  }

  @Test
  void foreignBytesAreAFaultThatNamesTheType() {
    assertThatThrownBy(() -> EventJson.read(new byte[] {1}, Example.class))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining("Example");
  }

  private static boolean encodable(String text) {
    return StandardCharsets.UTF_8.newEncoder().canEncode(text);
  }
}
