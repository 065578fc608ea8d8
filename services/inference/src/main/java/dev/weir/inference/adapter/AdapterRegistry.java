package dev.weir.inference.adapter;

import dev.weir.common.adapter.AdapterId;
import dev.weir.common.model.SlotLayout;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What serves: one reference to an immutable state, which scorers lease and loaders replace.
 *
 * <pre>
 * slot:    free ──write, probe──► published ──replaced──► draining ──last lease back──► free
 * engine:  opened, filled ──► published ──outgrown──► draining ──last lease back──► closed
 * </pre>
 *
 * <p>{@link #lease} and {@link #state} are lock-free and callable from any thread. Changes are
 * serialised by this object's monitor and never touch a slot or session that a lease covers.
 */
public final class AdapterRegistry implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(AdapterRegistry.class);

  /** A run takes well under a second; a slot that is not back by then belongs to a stuck worker. */
  private static final Duration SLOT_TIMEOUT = Duration.ofSeconds(30);

  private final SlotTable.Opener opener;
  private final int initialSlots;
  private final int[] probe;
  private final Clock clock;
  private final AtomicReference<@Nullable ServingState> published = new AtomicReference<>();

  /**
   * A registry without adapters.
   *
   * @param initialSlots slots of the first engine
   * @param probe token ids of a sentence, run once on each new slot before it is published
   */
  public AdapterRegistry(SlotTable.Opener opener, int initialSlots, int[] probe, Clock clock) {
    this.opener = opener;
    this.initialSlots = initialSlots;
    this.probe = probe.clone();
    this.clock = clock;
  }

  /** Opens the first engine and runs it once, so that the first review meets a warm one. */
  public synchronized void start() {
    if (published.get() != null) {
      return;
    }
    SlotTable table = opener.open(SlotLayouts.initial(initialSlots));
    table.run(new int[][] {probe, probe, probe, probe}, new int[] {0, 0, 0, 0});
    published.set(new ServingState(new Engine(table), Map.of(), Map.of()));
  }

  /** Whether the engine is open and has run once. */
  public boolean warm() {
    return published.get() != null;
  }

  /**
   * What answers now.
   *
   * @throws IllegalStateException before the start and after the end
   */
  public ServingState state() {
    ServingState state = published.get();
    if (state == null) {
      throw new IllegalStateException("the registry is not open");
    }
    return state;
  }

  /**
   * Leases the champions of some adapters for one run; names that nothing serves are left out. The
   * caller closes the lease.
   */
  public Lease lease(Set<String> adapters) {
    return lease(
        state -> {
          Set<AdapterId> champions = new HashSet<>();
          adapters.forEach(
              name -> state.adapter(name).ifPresent(champion -> champions.add(champion.id())));
          return champions;
        });
  }

  /**
   * Leases some versions for one run; those that are not in service are left out. The caller closes
   * the lease.
   *
   * @param choice picks versions of a state; asked again when the state was replaced meanwhile, so
   *     that what is leased was chosen from {@link Lease#state()}
   */
  public Lease lease(Function<ServingState, Set<AdapterId>> choice) {
    while (true) {
      ServingState state = state();
      Lease lease = state.tryLease(choice.apply(state));
      if (lease != null) {
        return lease;
      }
      // The state was replaced between reading and leasing it: the next one is out already.
      Thread.onSpinWait();
    }
  }

  /**
   * Writes a version into a free slot, tries it there, and puts it into service beside those of its
   * adapter that serve already; who is champion stays as it is.
   *
   * @param stillWanted asked last, right before publishing
   * @return whether it is in service
   * @throws RuntimeException if it cannot be used; what served before goes on serving
   */
  synchronized boolean put(LoadedAdapter loaded, BooleanSupplier stillWanted)
      throws InterruptedException {
    ServingState now = state();
    SlotLayout layout =
        SlotLayouts.including(now.layout(), loaded.weights(), now.versions().size());
    if (layout.equals(now.layout())) {
      return putIn(now, loaded, stillWanted);
    }
    return putGrown(now, layout, loaded, stillWanted);
  }

  /**
   * Makes a version the champion of its adapter, and takes those out of service that are no longer
   * wanted: one step for everyone who looks.
   *
   * @param champion the version that answers from now on, or {@code null} for none; when it is not
   *     in service, the present champion stays
   * @param wanted versions of this adapter that stay beside it
   * @param stillWanted asked last, right before publishing
   * @return whether it was published
   */
  synchronized boolean settle(
      String adapter,
      @Nullable AdapterId champion,
      Set<AdapterId> wanted,
      BooleanSupplier stillWanted) {
    ServingState now = state();
    AdapterId before = now.champions().get(adapter);
    AdapterId after = champion == null || now.version(champion).isPresent() ? champion : before;
    Map<AdapterId, ServingAdapter> gone = new HashMap<>();
    for (ServingAdapter version : now.versions()) {
      AdapterId id = version.id();
      if (id.adapter().equals(adapter) && !wanted.contains(id) && !id.equals(after)) {
        gone.put(id, version);
      }
    }
    if (!stillWanted.getAsBoolean()) {
      return false;
    }
    published.set(now.settled(adapter, after, gone.keySet()));
    gone.values().forEach(version -> version.uses().release());
    if (before != null && after == null) {
      LOG.info("adapter {} no longer serves: its champion was withdrawn", before);
    }
    return true;
  }

  private boolean putIn(ServingState now, LoadedAdapter loaded, BooleanSupplier stillWanted)
      throws InterruptedException {
    ServingAdapter fresh = place(now.engine(), loaded);
    boolean done = false;
    try {
      fill(now.engine(), fresh);
      done = stillWanted.getAsBoolean();
    } finally {
      if (!done) {
        fresh.uses().release();
      }
    }
    if (done) {
      published.set(now.with(fresh));
      now.version(loaded.id()).ifPresent(old -> old.uses().release());
    }
    return done;
  }

  private boolean putGrown(
      ServingState now, SlotLayout layout, LoadedAdapter loaded, BooleanSupplier stillWanted)
      throws InterruptedException {
    LOG.info("growing the slot table from {} to {}", now.layout(), layout);
    Engine engine = new Engine(opener.open(layout));
    boolean done = false;
    try {
      Map<AdapterId, ServingAdapter> moved = new HashMap<>();
      for (ServingAdapter version : now.versions()) {
        if (!version.id().equals(loaded.id())) {
          ServingAdapter copy = version.movedTo(engine, take(engine));
          fill(engine, copy);
          moved.put(copy.id(), copy);
        }
      }
      ServingAdapter fresh = place(engine, loaded);
      fill(engine, fresh);
      moved.put(fresh.id(), fresh);
      done = stillWanted.getAsBoolean();
      if (done) {
        published.set(new ServingState(engine, moved, now.champions()));
      }
    } finally {
      if (!done) {
        engine.release();
      }
    }
    if (done) {
      retire(now);
    }
    return done;
  }

  private ServingAdapter place(Engine engine, LoadedAdapter loaded) throws InterruptedException {
    return new ServingAdapter(
        loaded.id(),
        loaded.digest(),
        loaded.weights(),
        loaded.limit(),
        loaded.temperature(),
        clock.instant(),
        engine,
        take(engine));
  }

  private static int take(Engine engine) throws InterruptedException {
    return engine
        .takeSlot(SLOT_TIMEOUT)
        .orElseThrow(
            () ->
                new LoadException(
                    "no-free-slot",
                    "no slot of %d came free within %d s; a scorer is stuck: restart the process"
                        .formatted(engine.layout().slots(), SLOT_TIMEOUT.toSeconds())));
  }

  /** Writes a slot that nobody reads and runs the probe on it. */
  private void fill(Engine engine, ServingAdapter adapter) {
    engine.table().write(adapter.slot(), adapter.weights());
    float[] logits = engine.table().run(new int[][] {probe}, new int[] {adapter.slot()})[0];
    for (int i = 0; i < adapter.labels().size(); i++) {
      if (!Float.isFinite(logits[i])) {
        throw new LoadException(
            "probe-failed",
            "adapter %s answers the probe sentence with %s for label '%s'; retrain it"
                .formatted(adapter.id(), logits[i], adapter.labels().get(i)));
      }
    }
  }

  private static void retire(ServingState state) {
    state.versions().forEach(version -> version.uses().release());
    state.engine().release();
  }

  /** Ends the service; the session closes when the last lease is back. */
  @Override
  public synchronized void close() {
    ServingState last = published.getAndSet(null);
    if (last != null) {
      retire(last);
    }
  }
}
