package dev.weir.benchmarks.serving;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WorkloadTest {

  @TempDir Path directory;
  private Path sentences;
  private Path longOnes;

  @BeforeEach
  void write() throws IOException {
    sentences = rows("sentences.jsonl", "s", 7);
    longOnes = rows("long.jsonl", "l", 3);
  }

  private Path rows(String name, String prefix, int count) throws IOException {
    List<String> rows =
        IntStream.range(0, count).mapToObj(i -> "{\"text\":\"" + prefix + i + "\"}").toList();
    return Files.write(directory.resolve(name), rows);
  }

  @Test
  void everyStretchOfTheStreamHasTheSameMix() throws IOException {
    TextStream stream = TextStream.read(List.of(sentences), List.of(longOnes), 1);
    for (int from : new int[] {0, 10, 135}) {
      List<StreamText> texts = stream.mixed(from, 20);
      assertThat(texts.stream().filter(StreamText::sentence)).hasSize(16);
      assertThat(texts).allMatch(text -> text.sentence() == text.text().startsWith("s"));
    }
    assertThat(stream.mixed(0, 35).stream().map(StreamText::text).distinct()).hasSize(10);
    assertThat(stream.mixed(0, 50))
        .isEqualTo(TextStream.read(List.of(sentences), List.of(longOnes), 1).mixed(0, 50));
  }

  @Test
  void batchesKeepAllRowsAndTheBudget() {
    List<int[]> tokens = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      tokens.add(new int[2 + i * 37 % 150]);
    }
    List<int[][]> batches = BatchPlan.sorted(tokens, 256);
    assertThat(batches.stream().mapToInt(batch -> batch.length).sum()).isEqualTo(200);
    for (int[][] batch : batches) {
      int longest = Arrays.stream(batch).mapToInt(row -> row.length).max().orElseThrow();
      assertThat(batch[0]).hasSize(longest);
      assertThat(batch.length == 1 || longest * batch.length <= 256).isTrue();
    }
  }

  @Test
  void arrivalsHaveTheirRateAndTheirOrder() {
    long[] arrivals = OpenLoop.arrivals(200, 50, 1);
    assertThat(arrivals).hasSize(10_000).isSorted();
    assertThat(arrivals[9999] / 1e9).isBetween(47.0, 53.0);
  }

  @Test
  void percentilesAreOfAllTextsOrOfOneKind() {
    Latencies latencies = new Latencies();
    for (int i = 0; i < 99; i++) {
      latencies.record(true, 2_000_000);
    }
    latencies.record(false, 80_000_000);
    assertThat(latencies.count()).isEqualTo(100);
    assertThat(latencies.sentences(99)).isBetween(1.9, 2.1);
    assertThat(latencies.all(100)).isBetween(79.0, 81.0);
    assertThat(latencies.json().at("/long/count").asInt()).isEqualTo(1);
  }

  @Test
  void theMedianOfAnEvenNumberIsBetweenTheMiddleTwo() {
    assertThat(Median.of(List.of(3.0, 1.0, 2.0))).isEqualTo(2);
    assertThat(Median.of(List.of(4.0, 1.0, 2.0, 3.0))).isEqualTo(2.5);
    assertThat(Median.of(List.of())).isNaN();
  }
}
