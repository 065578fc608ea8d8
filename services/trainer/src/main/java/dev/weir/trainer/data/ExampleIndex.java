package dev.weir.trainer.data;

import dev.weir.common.event.EventJson;
import dev.weir.common.event.Example;
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
      examples.put(name, example);
      perBatch.merge(example.batchId(), 1, Integer::sum);
    } catch (UncheckedIOException e) {
      LOG.warn("example {} is not readable and is left out: {}", name, LoggedText.of(e));
    }
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
