package dev.weir.trainer.data;

import static dev.weir.trainer.loop.TestingData.batch;
import static dev.weir.trainer.loop.TestingData.example;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.Example;
import dev.weir.contract.event.Split;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TrainingSetTest {

  @Test
  void replayLevelsTheLabels() {
    List<Example> examples = new ArrayList<>();
    add(examples, "b2", "positive", Split.TRAIN, 10);
    add(examples, "b1", "positive", Split.TRAIN, 50);
    add(examples, "b1", "negative", Split.TRAIN, 50);

    TrainingSet set = TrainingSet.of(batch("default", "b2", 10), examples, 40, 50, 1);

    assertThat(set.train()).hasSize(40);
    assertThat(set.replayed()).isEqualTo(30);
    assertThat(set.trainLabels()).filteredOn("positive"::equals).hasSize(20);
    assertThat(set.withReplay(2)).isEqualTo(30);
    assertThat(set.withReplay(1_000_000)).isEqualTo(40);
    assertThat(set.train().subList(0, 10)).allMatch(text -> text.text().startsWith("b2"));
  }

  @Test
  void everyHoldoutRowOfTheAdapterJudgesAndNoneIsLearnedFrom() {
    List<Example> examples = new ArrayList<>();
    add(examples, "b1", "positive", Split.HOLDOUT, 5);
    add(examples, "b2", "negative", Split.HOLDOUT, 4);
    add(examples, "b2", "negative", Split.TRAIN, 3);
    add(examples, "b2", "a label of old", Split.TRAIN, 3);

    TrainingSet set = TrainingSet.of(batch("default", "b2", 10), examples, 40, 50, 1);

    assertThat(set.holdout()).hasSize(9);
    assertThat(set.train()).hasSize(3).doesNotContainAnyElementsOf(set.holdout());
  }

  @Test
  void theOrderOfArrivalDoesNotMatter() {
    List<Example> examples = new ArrayList<>();
    add(examples, "b1", "positive", Split.TRAIN, 50);
    add(examples, "b1", "negative", Split.TRAIN, 50);
    add(examples, "b2", "negative", Split.TRAIN, 20);
    add(examples, "b2", "negative", Split.HOLDOUT, 20);
    List<Example> shuffled = new ArrayList<>(examples);
    Collections.shuffle(shuffled, new Random(9));

    assertThat(TrainingSet.of(batch("default", "b2", 40), shuffled, 60, 50, 1))
        .isEqualTo(TrainingSet.of(batch("default", "b2", 40), examples, 60, 50, 1));
  }

  @Test
  void laterBatchesDoNotChangeTheFrozenSet() {
    List<Example> examples = new ArrayList<>();
    add(examples, "default-000009", "positive", Split.HOLDOUT, 6);
    add(examples, "default-000010", "negative", Split.HOLDOUT, 6);
    List<LabeledText> before = frozen(examples, "default-000011", 10);

    add(examples, "default-000011", "negative", Split.HOLDOUT, 300);
    add(examples, "default-1000000", "positive", Split.HOLDOUT, 300);

    assertThat(before).hasSize(10);
    assertThat(before.subList(0, 6)).allMatch(text -> text.text().startsWith("default-000009"));
    assertThat(frozen(examples, "default-1000000", 10)).isEqualTo(before);
    assertThat(frozen(examples, "default-1000001", 0)).isEmpty();
    assertThat(frozen(examples, "default-000010", 10)).isEqualTo(before.subList(0, 6));
    assertThat(frozen(examples, "default-000009", 10)).isEmpty();
  }

  @Test
  void aCorrectedRowLeavesTheFrozenSetAndTheNextOldestTakesItsPlace() {
    List<Example> examples = new ArrayList<>();
    add(examples, "b1", "positive", Split.HOLDOUT, 20);
    add(examples, "b2", "negative", Split.HOLDOUT, 20);
    List<LabeledText> before = frozen(examples, "b3", 20);

    Example old = examples.get(0);
    examples.set(
        0, example("default", new LabeledText(old.text(), "negative"), Split.HOLDOUT, "b3"));
    List<LabeledText> after = frozen(examples, "b4", 20);

    assertThat(after).hasSize(20).doesNotContain(new LabeledText(old.text(), "negative", "test"));
    assertThat(after).filteredOn(before::contains).hasSize(19);
  }

  private static List<LabeledText> frozen(List<Example> examples, String batchId, int rows) {
    return TrainingSet.of(batch("default", batchId, 1), examples, 40, rows, 1).frozen();
  }

  @Test
  void theIndexFollowsCorrectionsAndTombstones() {
    ExampleIndex index = new ExampleIndex();
    List<Example> examples = new ArrayList<>();
    add(examples, "b1", "positive", Split.TRAIN, 3);
    examples.forEach(example -> apply(index, example, EventJson.write(example)));
    assertThat(index.count("b1")).isEqualTo(3);

    Example corrected =
        example("default", new LabeledText("b1 positive 0", "negative"), Split.TRAIN, "b2");
    apply(index, corrected, EventJson.write(corrected));
    apply(index, examples.get(1), null);
    byte[] unreadable = "{".getBytes(StandardCharsets.UTF_8);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> apply(index, examples.get(2), unreadable))
        .withMessageContaining("malformed-json");

    assertThat(index.count("b1")).isZero();
    assertThat(index.count("b2")).isEqualTo(1);
    assertThat(index.of("default")).containsExactly(corrected);
    assertThat(index.of("another")).isEmpty();
  }

  private static void apply(ExampleIndex index, Example example, byte[] value) {
    index.apply(example.key().getBytes(StandardCharsets.UTF_8), value);
  }

  private static void add(List<Example> to, String batchId, String label, Split split, int count) {
    for (int i = 0; i < count; i++) {
      String text = batchId + " " + label + " " + (split == Split.TRAIN ? i : "held " + i);
      to.add(example("default", new LabeledText(text, label), split, batchId));
    }
  }
}
