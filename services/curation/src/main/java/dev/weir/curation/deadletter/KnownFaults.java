package dev.weir.curation.deadletter;

import dev.weir.common.event.InputPosition;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
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

  /** More than these at once are not the records' fault. */
  private static final int MAX = 10_000;

  private final Map<InputPosition, String> refused = new ConcurrentHashMap<>();
  private final Map<InputPosition, String> letters = new ConcurrentHashMap<>();

  /** What was made of this record could not be written. */
  public void refused(InputPosition position, String why) {
    if (refused.size() < MAX) {
      refused.put(position, why);
    }
  }

  /** Not even its dead letter could be written. */
  public void letterRefused(InputPosition position, String why) {
    if (letters.size() < MAX) {
      letters.put(position, why);
    }
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
