package dev.weir.inference.adapter;

import dev.weir.common.model.Precision;
import dev.weir.common.model.SlotLayout;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A slot table with the bookkeeping of its free slots; the table closes when its last use is back.
 *
 * <p>Thread-safe. Closing runs on the thread that gives back the last use: a session that is closed
 * during a run takes the whole process down.
 */
final class Engine {

  private static final Logger LOG = LoggerFactory.getLogger(Engine.class);

  private final SlotTable table;
  private final SlotSignal signal;
  private final UseCount uses;
  private final Deque<Integer> free = new ArrayDeque<>();
  private final Map<Precision, Lane> lanes = new EnumMap<>(Precision.class);

  /**
   * @param signal fires when a slot comes back
   */
  Engine(SlotTable table, SlotSignal signal) {
    this.table = table;
    this.signal = signal;
    this.uses = new UseCount(this::closeTable);
    for (int slot = 0; slot < table.layout().slots(); slot++) {
      free.add(slot);
    }
  }

  SlotTable table() {
    return table;
  }

  SlotLayout layout() {
    return table.layout();
  }

  boolean acquire() {
    return uses.acquire();
  }

  void release() {
    uses.release();
  }

  /** The session of a precision, which is opened when this is the first to ask for it. */
  Lane lane(Precision precision) {
    synchronized (lanes) {
      return lanes.computeIfAbsent(
          precision,
          wanted -> {
            table.open(wanted);
            return (tokenIds, slots) -> table.run(wanted, tokenIds, slots);
          });
    }
  }

  /** The precisions that were opened. */
  Set<Precision> precisions() {
    synchronized (lanes) {
      return new TreeSet<>(lanes.keySet());
    }
  }

  /** What the runs of each opened precision use. */
  Map<Precision, Set<String>> providers() {
    Map<Precision, Set<String>> providers = new TreeMap<>();
    precisions().forEach(precision -> providers.put(precision, table.providers(precision)));
    return providers;
  }

  /** Takes a slot that nobody reads; empty when there is none right now. */
  OptionalInt takeSlot() {
    synchronized (free) {
      return free.isEmpty() ? OptionalInt.empty() : OptionalInt.of(free.remove());
    }
  }

  void giveSlot(int slot) {
    synchronized (free) {
      free.add(slot);
    }
    signal.fire();
  }

  private void closeTable() {
    table.close();
    LOG.debug("closed a slot table of {} slots", table.layout().slots());
  }
}
