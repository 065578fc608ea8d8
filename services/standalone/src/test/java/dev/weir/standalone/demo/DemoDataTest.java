package dev.weir.standalone.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.contract.event.LabelScheme;
import dev.weir.contract.event.TextNormalizer;
import dev.weir.standalone.rows.ReadOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemoDataTest {

  @TempDir Path dir;

  @Test
  void sampleIsLargeBalancedAndFreeOfRepeats() {
    DemoData data = DemoData.load(options(null), LabelScheme.SENTIMENT);
    assertThat(data.skipped()).isEmpty();
    int all = data.feedback().size() + data.unseen().size();
    assertThat(all).isGreaterThanOrEqualTo(400);
    long positive =
        Stream.concat(data.feedback().stream(), data.unseen().stream())
            .filter(review -> review.label().equals("positive"))
            .count();
    assertThat(positive * 2).isEqualTo(all);
    assertThat(DemoData.sentences()).hasSizeGreaterThanOrEqualTo(5);
  }

  @Test
  void noTextAndNoSentenceStandsInBothParts() {
    DemoData data = DemoData.load(options(null), LabelScheme.SENTIMENT);
    Set<String> learned =
        data.feedback().stream()
            .map(review -> TextNormalizer.hash(review.text()))
            .collect(Collectors.toCollection(HashSet::new));
    assertThat(data.unseen()).noneMatch(r -> learned.contains(TextNormalizer.hash(r.text())));
    assertThat(DemoData.sentences())
        .noneMatch(sentence -> learned.contains(TextNormalizer.hash(sentence)));
  }

  @Test
  void ownFileIsCutTheSameWayEachTimeAndBadRowsAreNamed() throws IOException {
    StringBuilder rows = new StringBuilder("text\tlabel\n");
    for (int i = 0; i < 100; i++) {
      rows.append("text number ").append(i).append(i % 2 == 0 ? "\tPositive\n" : "\t0\n");
    }
    rows.append("text number 1\tpositive\nno idea\tpurple\n");
    Path file = Files.writeString(dir.resolve("own.tsv"), rows.toString());
    DemoData data = DemoData.load(options(file), LabelScheme.SENTIMENT);
    assertThat(data.feedback()).as("60 % of 100, in whole batches").hasSize(56);
    assertThat(data.unseen()).hasSize(40);
    assertThat(data.skipped())
        .hasSize(2)
        .anyMatch(s -> s.contains("line 102") && s.contains("same text"))
        .anyMatch(s -> s.contains("line 103") && s.contains("no label"));
    assertThat(DemoData.load(options(file), LabelScheme.SENTIMENT)).isEqualTo(data);
  }

  @Test
  void tooFewRowsOrOneLabelOnlyIsRefusedWithTheCounts() throws IOException {
    Path file = Files.writeString(dir.resolve("one.csv"), "text,label\nfine,positive\n");
    assertThatThrownBy(() -> DemoData.load(options(file), LabelScheme.SENTIMENT))
        .hasMessageContaining("1 usable rows")
        .hasMessageContaining("60 rows");
    assertThatThrownBy(() -> DemoData.load(options(dir.resolve("none.csv")), LabelScheme.SENTIMENT))
        .hasMessageContaining("does not exist");
  }

  private static DemoOptions options(Path file) {
    return new DemoOptions(true, file, ReadOptions.RECOGNISE, 10, 900, 600, Duration.ofMinutes(1));
  }
}
