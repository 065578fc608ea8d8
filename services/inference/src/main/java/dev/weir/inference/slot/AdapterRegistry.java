package dev.weir.inference.slot;

import dev.weir.contract.fault.WeirException;
import dev.weir.contract.release.AdapterId;
import dev.weir.inference.device.PrecisionChoice;
import dev.weir.inference.meter.InferenceMeters;
import dev.weir.inference.slot.AdapterPlacer.Attempt;
import dev.weir.model.graph.SlotLayout;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What serves: one reference to an immutable state, which scorers lease and loaders replace.
 *
 * <pre>
 * slot:    free ──write, probe──► published ──evicted──► draining ──last lease back──► free
 *          published ──replaced──► retired ──wanted again──► published
 *                                  retired ──slot needed, next one retires──► draining
 * engine:  opened, filled ──► published ──outgrown──► draining ──last lease back──► closed
 * version: loaded ◄──page── evicted ◄──least recently used, slots at their limit── loaded
 * </pre>
 *
 * <p>{@link #lease}, {@link #state} and {@link #page} return at once and are callable from any
 * thread. Changes are serialised by this object's monitor, which nobody holds while he waits for a
 * slot, and never touch a slot or session that a lease covers. How a version gets into memory is
 * the {@link AdapterPlacer}'s.
 */
public final class AdapterRegistry implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(AdapterRegistry.class);

  /** A run takes well under a second; slots that are not back by then belong to a stuck worker. */
  private static final Duration SLOT_TIMEOUT = Duration.ofSeconds(30);

  private final SlotPolicy policy;
  private final WeightSource source;
  private final PrecisionChoice precision;
  private final SlotSupply supply;
  private final AdapterPlacer placer;
  private final AdapterPager pager;
  private final Probe probe;
  private final MeterRegistry meters;
  private final SlotSignal signal = new SlotSignal();
  private final AtomicReference<@Nullable ServingState> published = new AtomicReference<>();
  private final List<Consumer<ServingState>> listeners = new CopyOnWriteArrayList<>();
  private final List<BiConsumer<ServingAdapter, WeirException>> brokenListeners =
      new CopyOnWriteArrayList<>();

  /**
   * Begins and ends of changes: odd while slots are on their way from one place to another. Written
   * under the monitor.
   */
  private volatile int changes;

  private volatile int lost;

  private volatile @Nullable RememberedLayout remembered;

  /**
   * A registry without adapters.
   *
   * @param source where evicted versions are read again
   * @param precision says which precision is opened first
   * @param probe token ids of a sentence, run once on each new slot before it is published
   */
  public AdapterRegistry(
      SlotTable.Opener opener,
      SlotPolicy policy,
      WeightSource source,
      PrecisionChoice precision,
      int[] probe,
      MeterRegistry meters,
      Clock clock) {
    this.policy = policy;
    this.source = source;
    this.precision = precision;
    this.pager = new AdapterPager(this, source, policy.longestWait(), meters, clock);
    this.probe = new Probe(probe);
    this.meters = meters;
    Eviction eviction = new Eviction(policy.pinned(), source::onDisk);
    this.supply = new SlotSupply(opener, eviction, policy.most());
    EngineGrowth growth = new EngineGrowth(opener, eviction, this.probe, signal);
    this.placer =
        new AdapterPlacer(
            this::state,
            this::publish,
            supply,
            growth,
            eviction,
            this.probe,
            signal,
            meters,
            clock);
  }

  /**
   * Has the first engine the shape that the process before needed; to be called before the start.
   */
  public synchronized void remember(RememberedLayout layouts) {
    remembered = layouts;
  }

  /** Opens the first engine and runs it once, so that the first review meets a warm one. */
  public synchronized void start() {
    if (published.get() != null) {
      return;
    }
    SlotMeters.bind(this, meters);
    SlotLayout smallest = SlotLayouts.initial(policy.initial());
    SlotLayout needed =
        Optional.ofNullable(remembered).flatMap(RememberedLayout::read).orElse(smallest);
    Engine engine = new Engine(supply.first(smallest, needed), signal);
    probe.warmUp(engine.lane(precision.likely()));
    publish(new ServingState(engine, Map.of(), Map.of()));
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
   * Has {@code listener} told of every state from now on, right after it was published: under this
   * object's monitor, so it must return at once and call nothing here that changes anything.
   */
  public void listen(Consumer<ServingState> listener) {
    listeners.add(listener);
  }

  /** Never throws: what follows is the bookkeeping of slots. */
  private void publish(ServingState state) {
    published.set(state);
    for (Consumer<ServingState> listener : listeners) {
      try {
        listener.accept(state);
      } catch (RuntimeException e) {
        LOG.error("a listener of states failed; this is a defect, please report it", e);
        InferenceMeters.INTERNAL_ERRORS.counter(meters, "state-listener").increment();
      }
    }
  }

  /** Whether anything of an adapter is in memory or in service. */
  public boolean knows(String adapter) {
    ServingState state = published.get();
    return state != null
        && (state.champions().containsKey(adapter)
            || state.retired().containsKey(adapter)
            || state.versions().stream().anyMatch(each -> each.id().adapter().equals(adapter)));
  }

  /**
   * How many slots are taken that neither a version in service nor a retired one has and no run
   * still reads: always 0, or a slot was lost by a defect and only a restart brings it back. While
   * a change is under way this is what it was before.
   */
  public int lostSlots() {
    int before = changes;
    ServingState state = published.get();
    if (state == null || before % 2 != 0) {
      return lost;
    }
    int found = state.engine().taken() - state.loaded() - state.retired().size();
    if (changes == before) {
      lost = Math.max(0, found);
    }
    return lost;
  }

  /** How many versions in slots have no copy on this disk, and so cannot be evicted. */
  long uncopied() {
    ServingState state = published.get();
    return state == null
        ? 0
        : state.versions().stream()
            .filter(version -> ServingState.inSlot(version) && !source.onDisk(version.digest()))
            .count();
  }

  /** The digests of all versions in service; none before the start and after the end. */
  public Set<String> digests() {
    ServingState state = published.get();
    return state == null
        ? Set.of()
        : state.versions().stream().map(ServingAdapter::digest).collect(Collectors.toSet());
  }

  /**
   * Leases some versions for one run; those that are not in service, or evicted, are left out. The
   * caller closes the lease.
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
   * Has an evicted version loaded again, from this process's own disk. Returns at once; adapters
   * take turns in the order in which they were asked for.
   *
   * @return done when the version is in memory or no longer in service; failed when it cannot be
   *     loaded in time. It may be evicted again unless {@link ServingAdapter#hold} keeps it
   */
  public CompletableFuture<Void> page(AdapterId id) {
    return pager.page(id);
  }

  /** Why each evicted version that could not be loaded again was not. */
  public Map<AdapterId, LoadFailure> pageFailures() {
    return pager.failures();
  }

  /** Why an evicted version could not be loaded again; empty when that did not fail. */
  public Optional<LoadFailure> pageFailure(AdapterId id) {
    return pager.failure(id);
  }

  /** Most slots that there may be, as far as is known. */
  public int mostSlots() {
    return supply.mostSlots();
  }

  /**
   * Writes a version into a free slot, tries it there, and puts it into service beside those of its
   * adapter that serve already; who is champion stays as it is. Waits for a slot if need be.
   *
   * @param stillWanted asked last, right before publishing
   * @return whether it is in service
   * @throws RuntimeException if it cannot be used; what served before goes on serving
   */
  public boolean put(LoadedAdapter loaded, BooleanSupplier stillWanted)
      throws InterruptedException {
    long deadline = System.nanoTime() + SLOT_TIMEOUT.toNanos();
    boolean done = false;
    try {
      openSession(loaded);
      while (stillWanted.getAsBoolean()) {
        long seen = signal.now();
        Attempt attempt = attempt(loaded, stillWanted);
        if (attempt != Attempt.NO_SLOT_YET) {
          done = attempt == Attempt.PUBLISHED;
          if (done) {
            include(loaded);
          }
          return done;
        }
        if (!signal.await(seen, deadline)) {
          throw noFreeSlot();
        }
      }
      return false;
    } finally {
      if (!done && loaded.merged() != null) {
        loaded.merged().close();
      }
    }
  }

  /** Takes a published version into account for the next start. */
  private void include(LoadedAdapter loaded) {
    RememberedLayout layouts = remembered;
    ServingState state = published.get(); // None when the registry was closed meanwhile.
    if (layouts != null && state != null && loaded.merged() == null) {
      layouts.include(loaded.weights(), state.loaded());
    }
  }

  /**
   * Opens the session that a version needs before the monitor is taken, so that releases of other
   * adapters do not wait for it.
   */
  private void openSession(LoadedAdapter loaded) {
    Engine engine = state().engine();
    if (loaded.merged() == null && engine.acquire()) {
      try {
        engine.lane(loaded.precision());
      } finally {
        engine.release();
      }
    }
  }

  private LoadException noFreeSlot() {
    ServingState now = state();
    return new LoadException(
        "no-free-slot",
        "no slot came free within %d s: of %d, %d hold versions in service, %d retired ones, %d wait for runs to end, %d are lost; %s: restart the process"
            .formatted(
                SLOT_TIMEOUT.toSeconds(),
                now.layout().slots(),
                now.loaded(),
                now.retired().size(),
                now.engine().draining(),
                lostSlots(),
                lostSlots() > 0
                    ? "that is a defect, please report it"
                    : "a run does not end, so a scorer is stuck"));
  }

  private synchronized Attempt attempt(LoadedAdapter loaded, BooleanSupplier stillWanted) {
    return changing(() -> placer.attempt(loaded, stillWanted));
  }

  /** Marks a change for {@link #lostSlots}; the caller holds the monitor. */
  @SuppressWarnings("NonAtomicVolatileUpdate") // one writer at a time
  private <T> T changing(Supplier<T> change) {
    changes++;
    try {
      return change.get();
    } finally {
      changes++;
    }
  }

  /**
   * Puts a version back into service that went out of it last and is still in its slot: nothing is
   * read, nothing is run. See {@link AdapterPlacer#reinstate}.
   *
   * @param stillWanted asked last, right before publishing
   * @return whether it is in service; if not it has to be read and {@link #put}
   */
  public synchronized boolean reinstate(WantedVersion wanted, BooleanSupplier stillWanted) {
    return changing(() -> placer.reinstate(wanted, stillWanted));
  }

  /**
   * Loads an evicted version again; does nothing when it is in memory, or no longer in service.
   *
   * @throws RuntimeException if there is no slot for it
   */
  void restore(LoadedAdapter loaded) throws InterruptedException {
    put(
        loaded,
        () ->
            state()
                .version(loaded.id())
                .filter(version -> version.digest().equals(loaded.digest()))
                .filter(version -> version.placement() == null)
                .isPresent());
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
  public synchronized boolean settle(
      String adapter,
      @Nullable AdapterId champion,
      Set<AdapterId> wanted,
      BooleanSupplier stillWanted) {
    ServingState now = state();
    AdapterId before = now.champions().get(adapter);
    AdapterId after = champion == null || now.version(champion).isPresent() ? champion : before;
    List<ServingAdapter> gone = new ArrayList<>();
    for (ServingAdapter version : now.versions()) {
      AdapterId id = version.id();
      if (id.adapter().equals(adapter) && !wanted.contains(id) && !id.equals(after)) {
        gone.add(version);
      }
    }
    if (!stillWanted.getAsBoolean()) {
      return false;
    }
    boolean settled =
        changing(
            () -> {
              placer.settle(adapter, after, gone);
              return true;
            });
    signal.fire(); // Whoever waits for a slot for one of these need not wait any longer.
    if (before != null && after == null) {
      LOG.info("adapter {} no longer serves: its champion was withdrawn", before);
    }
    return settled;
  }

  /**
   * Takes a version out of service that fails on texts that are not at fault. Where it is the
   * champion, the one that served before takes over, and it has to work; without such a one nothing
   * changes.
   *
   * @param broken the version as it was in service
   * @param why what goes wrong, for those who {@linkplain #listenBroken listen}
   * @param stillBroken asked last, right before publishing
   * @return whether it is out of service
   */
  public synchronized boolean fallBack(
      ServingAdapter broken, WeirException why, BooleanSupplier stillBroken) {
    if (!changing(() -> placer.fallBack(broken, stillBroken))) {
      return false;
    }
    brokenListeners.forEach(listener -> listener.accept(broken, why));
    return true;
  }

  /** Has {@code listener} told of every version that {@link #fallBack} took out of service. */
  public void listenBroken(BiConsumer<ServingAdapter, WeirException> listener) {
    brokenListeners.add(listener);
  }

  /** Ends the service; the sessions close when the last lease is back. */
  @Override
  public void close() {
    pager.close();
    synchronized (this) {
      ServingState last = published.getAndSet(null);
      if (last != null) {
        last.versions().forEach(AdapterPlacer::release);
        last.retired().values().forEach(AdapterPlacer::release);
        last.engine().release();
      }
    }
  }
}
