package dev.weir.curation.deadletter;

import dev.weir.contract.event.InputPosition;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The feedback records whose products a broker refused: what the topology turns into dead letters
 * as soon as it meets them again.
 *
 * <p>A refused product aborts its transaction, whatever an exception handler says, and all of it is
 * read again. So the fault has to be known before the record is handled the second time. Kept in
 * memory: a new process finds it out anew. Thread-safe; shared by the tasks of a process.
 */
public final class KnownFaults {

  /** As many are remembered, the newest: each is needed until its record is read once more. */
  static final int MAX = 10_000;

  private final Map<InputPosition, String> refused = newest();
  private final Map<InputPosition, String> letters = newest();

  private static Map<InputPosition, String> newest() {
    return Collections.synchronizedMap(
        new LinkedHashMap<>() {
          private static final long serialVersionUID = 1L;

          @Override
          protected boolean removeEldestEntry(Map.Entry<InputPosition, String> eldest) {
            return size() > MAX;
          }
        });
  }

  /** What was made of this record could not be written. */
  public void refused(InputPosition position, String why) {
    refused.put(position, why);
  }

  /** Not even its dead letter could be written. */
  public void letterRefused(InputPosition position, String why) {
    letters.put(position, why);
  }

  /** Why a record is refused, or {@code null}. */
  public @Nullable String why(InputPosition position) {
    return refused.isEmpty() ? null : refused.get(position);
  }

  /** Whether only the shortest dead letter has a chance. */
  boolean needsStub(InputPosition position) {
    return !letters.isEmpty() && letters.containsKey(position);
  }
}
