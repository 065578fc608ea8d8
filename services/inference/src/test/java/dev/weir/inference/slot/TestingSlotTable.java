package dev.weir.inference.slot;

import dev.weir.model.graph.SlotLayout;
import dev.weir.model.spec.ModelException;
import dev.weir.model.spec.Precision;
import dev.weir.model.weights.AdapterWeights;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Consumer;

/**
 * A slot table without a model: the logits of a row are the slot's head bias, plus a hundredth of
 * the row's second token on the first label.
 *
 * <p>It notes every use that would crash or corrupt the real one: a slot written during a run that
 * reads it, a close during a run, anything after the close.
 */
public final class TestingSlotTable implements SlotTable {

  /** Opens such tables and keeps them for the test to look at. */
  public static final class Opener implements SlotTable.Opener {

    private final ConcurrentLinkedQueue<TestingSlotTable> opened = new ConcurrentLinkedQueue<>();
    private volatile Consumer<int[][]> onRun = tokens -> {};

    private volatile RunHook onScored = (tokens, slots, logits) -> {};

    /** Called when a session is opened, and before a slot is written; may throw. */
    volatile Consumer<Precision> onOpen = precision -> {};

    volatile Runnable onWrite = () -> {};

    /** How many slots memory allows; more refuse to open. */
    volatile int mostSlots = 4096;

    /** Memory is found too small only when a table with more slots is opened. */
    volatile int refuseBeyond = Integer.MAX_VALUE;

    @Override
    public int mostSlots(SlotLayout layout) {
      return mostSlots;
    }

    @Override
    public SlotTable open(SlotLayout layout) {
      if (layout.slots() > refuseBeyond) {
        throw new ModelException("layout-too-large", "no memory for " + layout.slots() + " slots");
      }
      TestingSlotTable table = new TestingSlotTable(layout, this);
      opened.add(table);
      return table;
    }

    /** Called inside each run, with its tokens. */
    public void onRun(Consumer<int[][]> hook) {
      onRun = hook;
    }

    /** Called at the end of each run; it may throw, or change what the run says. */
    public void onScored(RunHook hook) {
      onScored = hook;
    }

    /** All tables so far, oldest first. */
    public List<TestingSlotTable> opened() {
      return List.copyOf(opened);
    }

    /** All misuses of all tables. */
    public List<String> violations() {
      return opened.stream().flatMap(table -> table.violations.stream()).toList();
    }
  }

  /** What a test does with a run. */
  @FunctionalInterface
  public interface RunHook {

    /** Sees the rows of a run, the slots that answer them, and what they say. */
    void scored(int[][] tokenIds, int[] slots, float[][] logits);
  }

  private final SlotLayout layout;
  private final Opener opener;
  private final AtomicReferenceArray<AdapterWeights> slots;
  private final AtomicIntegerArray readers;
  private final AtomicInteger runs = new AtomicInteger();
  private final ConcurrentLinkedQueue<String> violations = new ConcurrentLinkedQueue<>();
  private final Set<Precision> precisions = ConcurrentHashMap.newKeySet();
  private final ConcurrentLinkedQueue<Precision> ran = new ConcurrentLinkedQueue<>();
  private volatile boolean closed;

  private TestingSlotTable(SlotLayout layout, Opener opener) {
    this.layout = layout;
    this.opener = opener;
    this.slots = new AtomicReferenceArray<>(layout.slots());
    this.readers = new AtomicIntegerArray(layout.slots());
  }

  @Override
  public SlotLayout layout() {
    return layout;
  }

  @Override
  public void write(int slot, AdapterWeights weights) {
    check("write");
    opener.onWrite.run();
    if (readers.get(slot) > 0) {
      violations.add("slot " + slot + " was written while it was read");
    }
    if (weights.labels().size() > layout.labels()) {
      throw new IllegalArgumentException("too many labels");
    }
    slots.set(slot, weights);
  }

  @Override
  public void copy(int slot, SlotTable from, int fromSlot) {
    write(slot, ((TestingSlotTable) from).slots.get(fromSlot));
  }

  @Override
  public Set<String> providers(Precision precision) {
    return Set.of("TestingExecutionProvider");
  }

  @Override
  public void open(Precision precision) {
    opener.onOpen.accept(precision);
    precisions.add(precision);
  }

  /** What was opened. */
  Set<Precision> precisions() {
    return Set.copyOf(precisions);
  }

  /** The precisions of all runs, in order. */
  List<Precision> ran() {
    return List.copyOf(ran);
  }

  @Override
  public float[][] run(Precision precision, int[][] tokenIds, int[] used) {
    check("run");
    if (!precisions.contains(precision)) {
      violations.add("run in " + precision + ", which was not opened");
    }
    ran.add(precision);
    runs.incrementAndGet();
    for (int slot : used) {
      readers.incrementAndGet(slot);
    }
    try {
      opener.onRun.accept(tokenIds);
      float[][] logits = new float[tokenIds.length][layout.labels()];
      for (int row = 0; row < tokenIds.length; row++) {
        AdapterWeights weights = slots.get(used[row]);
        if (weights != null) {
          System.arraycopy(weights.headBias(), 0, logits[row], 0, weights.headBias().length);
        }
        logits[row][0] += tokenIds[row][1] / 100f;
      }
      opener.onScored.scored(tokenIds, used, logits);
      return logits;
    } finally {
      for (int slot : used) {
        readers.decrementAndGet(slot);
      }
      runs.decrementAndGet();
    }
  }

  /** Whether it was closed. */
  public boolean closed() {
    return closed;
  }

  private void check(String what) {
    if (closed) {
      violations.add(what + " after close");
    }
  }

  @Override
  public void close() {
    check("close");
    closed = true;
    if (runs.get() > 0) {
      violations.add("closed during a run");
    }
  }
}
