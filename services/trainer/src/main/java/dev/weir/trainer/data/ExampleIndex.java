package dev.weir.trainer.data;

import dev.weir.contract.event.Example;
import dev.weir.contract.event.TextKey;
import dev.weir.contract.event.TextNormalizer;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The curated examples as they stand: the newest record of each key, by adapter.
 *
 * <p>Owned by the fitting thread.
 */
public final class ExampleIndex {

  private final Map<String, Map<String, Example>> byAdapter = new HashMap<>();
  private final Map<String, Integer> perBatch = new HashMap<>();

  /**
   * Takes in one record of the topic; {@code null} as value forgets the example. What cannot be
   * read forgets it as well: it stands for a correction whose label is not known.
   *
   * @throws RuntimeException if the record is no example under its own key
   */
  public void apply(byte @Nullable [] key, byte @Nullable [] value) {
    if (key == null) {
      return;
    }
    String name = new String(key, StandardCharsets.UTF_8);
    String adapter = name.substring(0, Math.max(0, name.indexOf('/')));
    forget(adapter, name);
    if (value == null) {
      return;
    }
    Example example = SkippedRecords.whole(Example.read(key, value));
    Map<String, Example> examples = byAdapter.computeIfAbsent(adapter, a -> new HashMap<>());
    if (standsUnderNewKey(example, examples)) {
      return;
    }
    examples.put(name, example);
    perBatch.merge(example.batchId(), 1, Integer::sum);
  }

  private void forget(String adapter, String name) {
    Map<String, Example> examples = byAdapter.get(adapter);
    Example before = examples == null ? null : examples.remove(name);
    if (before != null) {
      perBatch.merge(before.batchId(), -1, Integer::sum);
    }
  }

  /**
   * Keeps one of two records of the same text, the one under the key of this version. Curation
   * writes the other off when the text is corrected; after a loss of its state it knows nothing of
   * it.
   *
   * @return whether the text is there already, under a newer key than this record's
   */
  private boolean standsUnderNewKey(Example example, Map<String, Example> examples) {
    if (TextKey.isNew(example.textHash())) {
      String former = example.adapter() + "/" + TextNormalizer.hash(example.text());
      Example other = examples.get(former);
      if (other != null && TextKey.of(other.text()).value().equals(example.textHash())) {
        forget(example.adapter(), former);
      }
      return false;
    }
    if (!TextKey.maySign(example.text())) {
      return false;
    }
    String key = TextKey.of(example.text()).value();
    return TextKey.isNew(key) && examples.containsKey(example.adapter() + "/" + key);
  }

  /** Forgets all. */
  void clear() {
    byAdapter.clear();
    perBatch.clear();
  }

  /** All examples of an adapter, in no order. */
  public Collection<Example> of(String adapter) {
    return byAdapter.getOrDefault(adapter, Map.of()).values();
  }

  /** How many examples of a batch there are, corrected and forgotten ones not counted. */
  public int count(String batchId) {
    return perBatch.getOrDefault(batchId, 0);
  }
}
