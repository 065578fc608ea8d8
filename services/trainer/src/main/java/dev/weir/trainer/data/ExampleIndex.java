package dev.weir.trainer.data;

import dev.weir.common.event.EventJson;
import dev.weir.common.event.Example;
import dev.weir.common.event.Limits;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
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
   * Takes in one record of the topic; {@code null} as value forgets the example. What cannot be read
   * forgets it as well: it stands for a correction whose label is not known.
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
    Example example = EventJson.read(value, Example.class);
    requireSound(example, name);
    byAdapter.computeIfAbsent(adapter, a -> new HashMap<>()).put(name, example);
    perBatch.merge(example.batchId(), 1, Integer::sum);
  }

  private void forget(String adapter, String name) {
    Map<String, Example> examples = byAdapter.get(adapter);
    Example before = examples == null ? null : examples.remove(name);
    if (before != null) {
      perBatch.merge(before.batchId(), -1, Integer::sum);
    }
  }

  /** What training reads has to be there, and a record must not stand under another's key. */
  private static void requireSound(Example example, String name) {
    Objects.requireNonNull(example, "the record is the JSON text null");
    Objects.requireNonNull(example.text(), "text");
    Objects.requireNonNull(example.label(), "label");
    Objects.requireNonNull(example.split(), "split");
    Objects.requireNonNull(example.batchId(), "batchId");
    Objects.requireNonNull(example.feedbackAt(), "feedbackAt");
    Objects.requireNonNull(example.source(), "source");
    if (!name.equals(example.key())) {
      throw new IllegalArgumentException("it is the example " + example.key());
    }
    if (example.text().length() > Limits.TEXT_CHARACTERS) {
      throw new IllegalArgumentException(
          "its text has %d characters, the limit is %d"
              .formatted(example.text().length(), Limits.TEXT_CHARACTERS));
    }
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
