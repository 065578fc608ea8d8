package dev.weir.inference.adapter;

import dev.weir.common.model.SlotLayout;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
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
  private final UseCount uses;
  private final Deque<Integer> free = new ArrayDeque<>();

  Engine(SlotTable table) {
    this.table = table;
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

  /** Takes a slot that nobody reads, waiting for leases to come back; empty after the timeout. */
  synchronized OptionalInt takeSlot(Duration timeout) throws InterruptedException {
    long deadline = System.nanoTime() + timeout.toNanos();
    while (free.isEmpty()) {
      long left = deadline - System.nanoTime();
      if (left <= 0) {
        return OptionalInt.empty();
      }
      TimeUnit.NANOSECONDS.timedWait(this, Math.max(left, 1_000_000));
    }
    return OptionalInt.of(free.remove());
  }

  synchronized void giveSlot(int slot) {
    free.add(slot);
    notifyAll();
  }

  private void closeTable() {
    table.close();
    LOG.debug("closed a slot table of {} slots", table.layout().slots());
  }
}
