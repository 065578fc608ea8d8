package dev.weir.inference.slot;

import dev.weir.model.graph.SlotLayout;
import dev.weir.model.spec.Precision;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
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
  private final Object opening = new Object();
  private final UseCount uses;
  private final Deque<Integer> free = new ArrayDeque<>();
  private final Set<Integer> draining = new HashSet<>(); // guarded by free
  private final Map<Precision, Lane> lanes = new ConcurrentHashMap<>();

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

  /**
   * The session of a precision, which is opened when this is the first to ask for it: that takes
   * some hundred milliseconds, for which nobody waits but who wants a session, too.
   *
   * @throws RuntimeException if it cannot be opened; the next one to ask tries again
   */
  Lane lane(Precision precision) {
    Lane open = lanes.get(precision);
    if (open != null) {
      return open;
    }
    synchronized (opening) {
      Lane meanwhile = lanes.get(precision);
      if (meanwhile != null) {
        return meanwhile;
      }
      Lane opened = open(precision);
      lanes.put(precision, opened);
      return opened;
    }
  }

  private Lane open(Precision precision) {
    table.open(precision);
    return (tokenIds, slots) -> table.run(precision, tokenIds, slots);
  }

  /** The precisions that were opened; returns at once, also while another one opens. */
  Set<Precision> precisions() {
    return new TreeSet<>(lanes.keySet());
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
      draining.remove(slot);
      free.add(slot);
    }
    signal.fire();
  }

  /** Notes that a slot went out of service and comes back with the last lease of it. */
  void draining(int slot) {
    synchronized (free) {
      draining.add(slot);
    }
  }

  /** How many slots are neither free nor about to be. */
  int taken() {
    synchronized (free) {
      return table.layout().slots() - free.size() - draining.size();
    }
  }

  /** How many slots come back when runs end. */
  int draining() {
    synchronized (free) {
      return draining.size();
    }
  }

  /** Whoever gives back the last use goes on with his own work, whatever the runtime says. */
  private void closeTable() {
    try {
      table.close();
    } catch (RuntimeException e) {
      LOG.error("a slot table could not be closed; its memory is lost", e);
      return;
    }
    LOG.debug("closed a slot table of {} slots", table.layout().slots());
  }
}
