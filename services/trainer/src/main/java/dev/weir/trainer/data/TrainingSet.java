package dev.weir.trainer.data;

import dev.weir.contract.event.Example;
import dev.weir.contract.event.Split;
import dev.weir.contract.event.TrainingBatch;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What one training learns from and is judged by.
 *
 * @param train new examples, then replayed ones
 * @param replayed how many of these are of earlier batches
 * @param holdout rows that no training ever sees
 * @param frozen the adapter's oldest holdout rows, none of this batch: the same ones batch after
 *     batch once there are enough
 */
public record TrainingSet(
    List<LabeledText> train, int replayed, List<LabeledText> holdout, List<LabeledText> frozen) {

  /** Rows of the holdout at most: beyond that, more rows only take more time. */
  static final int MAX_HOLDOUT = 2000;

  private static final Comparator<Example> BY_HASH = Comparator.comparing(Example::textHash);

  /**
   * The order in which batches were closed, by their ids: they are numbered without gaps, so no
   * later example can come before an earlier one, whatever time its feedback claims. A longer id is
   * later, its number has outgrown the zeros.
   */
  private static final Comparator<String> BY_NUMBER =
      Comparator.comparingInt(String::length).thenComparing(Comparator.naturalOrder());

  private static final Comparator<Example> BY_BATCH =
      Comparator.comparing(Example::batchId, BY_NUMBER).thenComparing(BY_HASH);

  /** Copies the lists. */
  public TrainingSet {
    train = List.copyOf(train);
    holdout = List.copyOf(holdout);
    frozen = List.copyOf(frozen);
  }

  /** How many training examples there are with no more than so many replayed ones per new one. */
  public int withReplay(int perNew) {
    int fresh = train.size() - replayed;
    return fresh + (int) Math.min(replayed, (long) perNew * fresh);
  }

  /** The labels of the training examples. */
  public List<String> trainLabels() {
    return train.stream().map(LabeledText::label).toList();
  }

  /** How many training examples each label has. */
  public SortedMap<String, Integer> labelCounts() {
    return labelCounts(train);
  }

  /** How many examples each label has. */
  public static SortedMap<String, Integer> labelCounts(List<LabeledText> texts) {
    SortedMap<String, Integer> counts = new TreeMap<>();
    texts.forEach(text -> counts.merge(text.label(), 1, Integer::sum));
    return counts;
  }

  /**
   * Puts together a batch's examples and a replay of earlier ones, so that old knowledge is not
   * forgotten and no label prevails. The same examples and seed give the same set in the same
   * order.
   *
   * @param examples all examples of the batch's adapter
   * @param maxTrain training examples at most: the batch's newest first, then replayed ones
   * @param maxFrozen rows of the frozen set at most
   * @param seed of the choice of replayed examples
   */
  public static TrainingSet of(
      TrainingBatch batch, Collection<Example> examples, int maxTrain, int maxFrozen, long seed) {
    List<Example> fresh = new ArrayList<>();
    List<Example> earlier = new ArrayList<>();
    List<Example> holdout = new ArrayList<>();
    for (Example example : examples) {
      if (!batch.labels().contains(example.label())) {
        continue; // the adapter's label scheme has changed since
      }
      if (example.split() == Split.HOLDOUT) {
        holdout.add(example);
      } else if (example.batchId().equals(batch.id())) {
        fresh.add(example);
      } else {
        earlier.add(example);
      }
    }
    fresh.sort(Comparator.comparing(Example::feedbackAt).reversed().thenComparing(BY_HASH));
    List<Example> taken = new ArrayList<>(fresh.subList(0, Math.min(maxTrain, fresh.size())));
    taken.sort(BY_HASH);
    List<Example> replayed = replay(taken, earlier, maxTrain - taken.size(), seed);
    taken.addAll(replayed);
    // Only rows from before this batch: its own must not make up for what is forgotten.
    List<Example> frozen =
        holdout.stream()
            .filter(example -> BY_NUMBER.compare(example.batchId(), batch.id()) < 0)
            .sorted(BY_BATCH)
            .limit(maxFrozen)
            .toList();
    // A hash is as good as chance, and picks the same rows next time.
    holdout.sort(BY_HASH);
    return new TrainingSet(
        texts(taken),
        replayed.size(),
        texts(holdout.subList(0, Math.min(MAX_HOLDOUT, holdout.size()))),
        texts(frozen));
  }

  /** Picks earlier examples of whichever label there is least of, until the room is used. */
  private static List<Example> replay(
      List<Example> fresh, List<Example> earlier, int room, long seed) {
    Map<String, Integer> counts = new HashMap<>();
    fresh.forEach(example -> counts.merge(example.label(), 1, Integer::sum));
    Map<String, List<Example>> candidates = new HashMap<>();
    earlier.sort(BY_HASH);
    Collections.shuffle(earlier, new Random(seed));
    earlier.forEach(
        example ->
            candidates.computeIfAbsent(example.label(), l -> new ArrayList<>()).add(example));
    List<Example> replayed = new ArrayList<>();
    while (replayed.size() < room && !candidates.isEmpty()) {
      String label =
          Collections.min(
              candidates.keySet(),
              Comparator.<String>comparingInt(l -> counts.getOrDefault(l, 0))
                  .thenComparing(Comparator.naturalOrder()));
      List<Example> left = Objects.requireNonNull(candidates.get(label));
      replayed.add(left.remove(left.size() - 1));
      counts.merge(label, 1, Integer::sum);
      if (left.isEmpty()) {
        candidates.remove(label);
      }
    }
    return replayed;
  }

  private static List<LabeledText> texts(List<Example> examples) {
    return examples.stream()
        .map(example -> new LabeledText(example.text(), example.label(), example.source()))
        .toList();
  }
}
