package dev.weir.trainer.loop;

import dev.weir.contract.event.Example;
import dev.weir.contract.event.InputPosition;
import dev.weir.contract.event.Split;
import dev.weir.contract.event.TextNormalizer;
import dev.weir.contract.event.TrainingBatch;
import dev.weir.trainer.data.LabeledText;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Texts that even a random tiny encoder can tell apart, and batches made of them. */
public final class TestingData {

  public static final List<String> LABELS = List.of("negative", "positive");

  private static final List<String> GOOD = List.of("good", "great", "fine", "love", "loved");
  private static final List<String> BAD = List.of("bad", "awful", "boring", "hate", "broken");
  private static final List<String> REST =
      List.of("the", "a", "film", "movie", "plot", "actor", "was", "is", "it", "and", "review");
  private static final Instant TIME = Instant.parse("2026-01-01T00:00:00Z");

  private TestingData() {}

  /** Texts of alternating labels, no two alike. */
  public static List<LabeledText> texts(int count, long seed) {
    Random random = new Random(seed);
    List<LabeledText> texts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      boolean good = i % 2 == 1;
      List<String> words = new ArrayList<>();
      for (int w = 0; w < 3 + random.nextInt(6); w++) {
        words.add(REST.get(random.nextInt(REST.size())));
      }
      for (int w = 0; w < 2; w++) {
        List<String> opinions = good ? GOOD : BAD;
        words.add(random.nextInt(words.size()), opinions.get(random.nextInt(opinions.size())));
      }
      texts.add(
          new LabeledText(
              String.join(" ", words) + " " + seed + " " + i, LABELS.get(good ? 1 : 0)));
    }
    return texts;
  }

  /** An example of a batch. */
  public static Example example(String adapter, LabeledText text, Split split, String batchId) {
    return new Example(
        adapter,
        TextNormalizer.hash(text.text()),
        text.text(),
        text.label(),
        split,
        batchId,
        null,
        "test",
        TIME,
        new InputPosition("feedback", 0, 1));
  }

  /** Examples, each fifth pair of which is holdout. */
  public static List<Example> examples(String adapter, String batchId, int count, long seed) {
    List<LabeledText> texts = texts(count, seed);
    List<Example> examples = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Split split = i / 2 % 3 == 2 ? Split.HOLDOUT : Split.TRAIN;
      examples.add(example(adapter, texts.get(i), split, batchId));
    }
    return examples;
  }

  /** The manifest of a batch with so many examples. */
  public static TrainingBatch batch(String adapter, String id, int size) {
    return new TrainingBatch(
        id,
        adapter,
        1,
        LABELS,
        Map.of(),
        size,
        TrainingBatch.CloseReason.COUNT,
        TIME,
        TIME,
        TIME,
        TIME,
        List.of(new TrainingBatch.InputRange("feedback", 0, 0, size)));
  }
}
