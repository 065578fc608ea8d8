package dev.weir.contract.release;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.contract.event.EventJson;
import dev.weir.contract.text.Truncation;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class ReleaseRecordTest {

  /** As version 0.1 wrote it to the compacted topic. */
  private static final String EARLIER =
      """
      {"adapter":"default","version":3,"state":"promoted","method":"lora","digest":"d","baseModel":"b",
       "baseDigest":"bd","labels":["negative","positive"],"batchId":"default-000002",
       "decision":{"reason":"fewer-errors","message":"2 errors","holdoutRows":40,"accuracy":0.95,
         "macroF1":0.95,"logLoss":0.2,"championVersion":2,"championAccuracy":0.9,"championLogLoss":0.3,
         "onlyChallengerRight":3,"onlyChampionRight":1,"pValue":0.625},
       "trainingExamples":80,"trainingSeconds":1.5,"lastFeedbackAt":"2026-01-01T00:00:00Z",
       "batchClosedAt":"2026-01-01T00:00:01Z","createdAt":"2026-01-01T00:00:02Z"}
      """;

  private static final String EARLIER_MANIFEST =
      """
      {"format":1,"adapter":"default","version":3,"method":"lora","baseModel":"b","baseDigest":"bd",
       "labels":["negative","positive"],"maxTokens":256,"files":{},"metrics":{"holdoutAccuracy":0.9},
       "lineage":{"batchId":"default-000002","input":[],"trainExamples":80,"replayExamples":0,
         "holdoutExamples":40,"settings":{},"seed":1,"codeVersion":"0.1.0"}}
      """;

  @Test
  void anEarlierReleaseIsRead() {
    AdapterRecord read =
        AdapterRecord.read("default@3".getBytes(UTF_8), EARLIER.getBytes(UTF_8)).orElseThrow();

    Release release = ((AdapterRecord.Released) read).release();
    assertThat(release.precisions()).isEmpty();
    assertThat(release.decision().frozen()).isNull();
    assertThat(release.decision().calibration()).isNull();
    assertThat(release.decision().slices()).isEmpty();
    assertThat(release.decision().precisions()).isEmpty();
    assertThat(release.decision().championAccuracy()).isEqualTo(0.9);
  }

  @Test
  void anEarlierManifestIsRead() {
    Manifest manifest = EventJson.read(EARLIER_MANIFEST.getBytes(UTF_8), Manifest.class);

    assertThat(manifest.temperature()).isEqualTo(1);
    assertThat(manifest.precisions()).isEmpty();
    assertThat(manifest.lineage().trainLabels()).isEmpty();
    assertThat(manifest.lineage().examples()).isEmpty();
  }

  @Test
  void aReleaseAndAManifestSurviveTheRoundTrip() {
    Decision decision =
        new Decision(
            "forgets",
            "m",
            40,
            0.9,
            0.9,
            0.3,
            2,
            0.8,
            0.4,
            4,
            0,
            0.125,
            new Decision.Frozen(60, 0.8, 0.9, 0.9, true),
            List.of(new Decision.Slice("source", "anna", 3, 1, null)),
            List.of(new Decision.PrecisionFigures("int8", 40, 0.9, 1, true)),
            new Decision.Calibration(40, 1.5, 0.4, 0.3, 0.1, 0.05));
    Release release =
        new Release(
            "default",
            3,
            Release.State.RETAINED,
            Method.LORA,
            null,
            "b",
            "bd",
            List.of("x", "y"),
            "default-000002",
            decision,
            80,
            1.5,
            Instant.EPOCH,
            Instant.EPOCH,
            Instant.EPOCH,
            List.of("fp32", "a precision of the future"));
    Manifest manifest =
        new Manifest(
            Manifest.FORMAT,
            "default",
            3,
            Method.LORA,
            "b",
            "bd",
            List.of("x", "y"),
            64,
            Truncation.HEAD_TAIL,
            1.5,
            new TreeMap<>(),
            new TreeMap<>(),
            List.of("fp32"),
            new Manifest.Lineage(
                null,
                null,
                null,
                List.of(),
                3,
                0,
                1,
                Map.of("y", 2, "x", 1),
                List.of(new Manifest.ReadUpTo("examples", 0, 9)),
                Map.of(),
                1,
                "test"));

    assertThat(EventJson.read(EventJson.write(release), Release.class)).isEqualTo(release);
    assertThat(EventJson.read(EventJson.write(manifest), Manifest.class)).isEqualTo(manifest);
    assertThat(new String(EventJson.write(manifest), UTF_8))
        .contains("\"trainLabels\":{\"x\":1,\"y\":2}");
  }
}
