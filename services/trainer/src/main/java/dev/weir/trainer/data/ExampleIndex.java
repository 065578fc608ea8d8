package dev.weir.trainer.data;

import dev.weir.common.event.EventJson;
import dev.weir.common.event.Example;
import dev.weir.common.event.TextKey;
import dev.weir.common.event.TextNormalizer;
import dev.weir.common.ops.LoggedText;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The curated examples as they stand: the newest record of each key, by adapter.
 *
 * <p>Owned by the fitting thread.
 */
public final class ExampleIndex {

  private static final Logger LOG = LoggerFactory.getLogger(ExampleIndex.class);

  private final Map<String, Map<String, Example>> byAdapter = new HashMap<>();
  private final Map<String, Integer> perBatch = new HashMap<>();

  /** Takes in one record of the topic; {@code null} as value forgets the example. */
  public void apply(byte @Nullable [] key, byte @Nullable [] value) {
    if (key == null) {
      return;
    }
    String name = new String(key, StandardCharsets.UTF_8);
    String adapter = name.substring(0, Math.max(0, name.indexOf('/')));
    Map<String, Example> examples = byAdapter.computeIfAbsent(adapter, a -> new HashMap<>());
    Example before = examples.remove(name);
    if (before != null) {
      perBatch.merge(before.batchId(), -1, Integer::sum);
    }
    if (value == null) {
      return;
    }
    try {
      Example example = EventJson.read(value, Example.class);
      if (standsUnderNewKey(example, examples)) {
        return;
      }
      examples.put(name, example);
      perBatch.merge(example.batchId(), 1, Integer::sum);
    } catch (UncheckedIOException e) {
      LOG.warn("example {} is not readable and is left out: {}", name, LoggedText.of(e));
    }
  }

  /**
   * Keeps one of two records of the same text, the one under the key of this version. Curation writes
   * the other off when the text is corrected; after a loss of its state it knows nothing of it.
   *
   * @return whether the text is there already, under a newer key than this record's
   */
  private boolean standsUnderNewKey(Example example, Map<String, Example> examples) {
    if (TextKey.isNew(example.textHash())) {
      String former = example.adapter() + "/" + TextNormalizer.hash(example.text());
      Example other = examples.get(former);
      if (other != null && TextKey.of(other.text()).value().equals(example.textHash())) {
        examples.remove(former);
        perBatch.merge(other.batchId(), -1, Integer::sum);
      }
      return false;
    }
    if (!TextKey.maySign(example.text())) {
      return false;
    }
    String key = TextKey.of(example.text()).value();
    return TextKey.isNew(key) && examples.containsKey(example.adapter() + "/" + key);
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
