package dev.weir.trainer.evaluate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.contract.release.Decision.Slice;
import dev.weir.trainer.data.LabeledText;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SlicesTest {

  private static final List<String> LABELS = List.of("a", "b");

  @Test
  void partsByLabelLengthAndSource() {
    List<LabeledText> rows =
        List.of(
            new LabeledText("1", "a", "anna"),
            new LabeledText("2", "b", "anna"),
            new LabeledText("3", "b", ""));
    List<int[]> tokens = List.of(new int[32], new int[33], new int[129]);
    Scores challenger = Scores.of(new float[][] {{1, 0}, {1, 0}, {0, 1}}, LABELS, labels(rows));
    Scores champion = Scores.of(new float[][] {{0, 1}, {0, 1}, {0, 1}}, LABELS, labels(rows));

    assertThat(Slices.of(rows, tokens, challenger, champion))
        .containsExactly(
            new Slice("label", "a", 1, 1, 0.0),
            new Slice("label", "b", 2, 0.5, 1.0),
            new Slice("tokens", "1-32", 1, 1, 0.0),
            new Slice("tokens", "129-", 1, 1, 1.0),
            new Slice("tokens", "33-128", 1, 0, 1.0),
            new Slice("source", "anna", 2, 0.5, 0.5));
    assertThat(Slices.of(rows, tokens, challenger, null))
        .extracting(Slice::championAccuracy)
        .containsOnlyNulls();
  }

  @Test
  void rareSourcesAreTakenTogether() {
    List<LabeledText> rows = new ArrayList<>();
    for (int source = 0; source < 30; source++) {
      for (int row = 0; row <= source; row++) {
        rows.add(new LabeledText(source + " " + row, "a", "source-" + source));
      }
    }
    float[][] logits = new float[rows.size()][2];
    Scores scores = Scores.of(logits, LABELS, labels(rows));
    List<int[]> tokens = rows.stream().map(row -> new int[3]).toList();

    List<Slice> sources =
        Slices.of(rows, tokens, scores, null).stream()
            .filter(slice -> slice.by().equals("source"))
            .toList();

    assertThat(sources).hasSize(Slices.MAX_SOURCES + 1);
    assertThat(sources)
        .filteredOn(slice -> slice.value().equals(Slices.OTHER))
        .extracting(Slice::rows)
        .containsExactly(55); // 1 + 2 + … + 10
    assertThat(sources.stream().mapToInt(Slice::rows).sum()).isEqualTo(rows.size());
  }

  private static List<String> labels(List<LabeledText> rows) {
    return rows.stream().map(LabeledText::label).toList();
  }
}
