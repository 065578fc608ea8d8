package dev.weir.inference.slot;

import dev.weir.contract.release.AdapterId;
import dev.weir.inference.meter.InferenceMeters;
import dev.weir.model.graph.SlotLayout;
import dev.weir.model.spec.ModelException;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts versions into memory: into a free slot, that of a retired or evicted version, an engine that
 * grows for it, or a session of its own; and says which of those that go out of service stays in
 * its slot for the time being.
 *
 * <p>Not thread-safe: the registry's monitor keeps changes apart. It waits for nothing: where a
 * slot has to come free first, it says so.
 */
final class AdapterPlacer {

  private static final Logger LOG = LoggerFactory.getLogger(AdapterPlacer.class);

  /** What came of it. */
  enum Attempt {
    /** It is in service. */
    PUBLISHED,
    /** A newer record came meanwhile. */
    NOT_WANTED,
    /** Each slot is in use; one comes free when a run ends. */
    NO_SLOT_YET
  }

  private final Supplier<ServingState> published;
  private final Consumer<ServingState> publisher;
  private final SlotSupply supply;
  private final EngineGrowth growth;
  private final Eviction eviction;
  private final Probe probe;
  private final SlotSignal signal;
  private final MeterRegistry meters;
  private final Clock clock;

  /**
   * A placer.
   *
   * @param published what serves now
   * @param publisher takes what serves from then on
   * @param signal fires when a slot comes back
   */
  AdapterPlacer(
      Supplier<ServingState> published,
      Consumer<ServingState> publisher,
      SlotSupply supply,
      EngineGrowth growth,
      Eviction eviction,
      Probe probe,
      SlotSignal signal,
      MeterRegistry meters,
      Clock clock) {
    this.published = published;
    this.publisher = publisher;
    this.supply = supply;
    this.growth = growth;
    this.eviction = eviction;
    this.probe = probe;
    this.signal = signal;
    this.meters = meters;
    this.clock = clock;
  }

  /**
   * Writes a version where it fits, tries it there and publishes it beside those that serve.
   *
   * @param stillWanted asked last, right before publishing
   * @throws RuntimeException if it cannot be used; what served before goes on serving
   */
  Attempt attempt(LoadedAdapter loaded, BooleanSupplier stillWanted) {
    ServingState now = published.get();
    ServingAdapter fresh = unplaced(loaded, now.version(loaded.id()).orElse(null));
    if (loaded.merged() != null) {
      return publish(fresh.at(Placement.merged(loaded.merged())), stillWanted);
    }
    SlotLayout layout = supply.layoutFor(now, loaded.weights());
    if (!layout.equals(now.layout())) {
      try {
        ServingState grown = growth.grow(now, layout, fresh, loaded.weights(), stillWanted);
        return grown == null ? Attempt.NOT_WANTED : replaceEngine(now, grown);
      } catch (ModelException e) {
        if (!supply.staysAsItIs(now.layout(), layout, e)) {
          throw e;
        }
      }
    }
    Engine engine = now.engine();
    // First what may fail and needs no slot: a session that cannot be opened evicts nobody.
    Lane lane = engine.lane(fresh.precision());
    OptionalInt slot = freeSlot(now, loaded.id());
    if (slot.isEmpty()) {
      return Attempt.NO_SLOT_YET;
    }
    return publish(fresh.at(written(engine, lane, slot.getAsInt(), loaded)), stillWanted);
  }

  /** Owns the slot until it holds the version; gives it back when anything fails before. */
  private static Placement written(Engine engine, Lane lane, int slot, LoadedAdapter loaded) {
    Placement placement = null;
    try {
      engine.table().write(slot, loaded.weights());
      placement = Placement.slot(engine, lane, slot);
      return placement;
    } finally {
      if (placement == null) {
        engine.giveSlot(slot);
      }
    }
  }

  /**
   * Puts the version that its adapter retired last back into service, from the slot that it is
   * still in: it was checked and tried when it came.
   *
   * @param stillWanted asked last, right before publishing
   * @return whether it is in service
   */
  boolean reinstate(WantedVersion wanted, BooleanSupplier stillWanted) {
    ServingState now = published.get();
    ServingAdapter retired = now.retired().get(wanted.id().adapter());
    if (retired == null || !wanted.describes(retired) || !stillWanted.getAsBoolean()) {
      return false;
    }
    retired.usage().touch(System.nanoTime());
    publisher.accept(now.reinstated(retired.liveSince(clock.instant())));
    now.version(retired.id()).ifPresent(AdapterPlacer::release); // Published twice, other bytes.
    return true;
  }

  /**
   * Takes versions of one adapter out of service, with another champion or none in the same step.
   * The champion before, or else one of the others, stays in its slot as long as nobody needs it,
   * unless all of the adapter ends.
   */
  void settle(String adapter, @Nullable AdapterId champion, Collection<ServingAdapter> gone) {
    ServingState now = published.get();
    AdapterId before = now.champions().get(adapter);
    ServingAdapter kept = now.retired().get(adapter);
    ServingAdapter leaving =
        gone.stream()
            .filter(ServingState::inSlot)
            .max(Comparator.comparing(version -> version.id().equals(before)))
            .orElse(kept);
    ServingAdapter stays = champion == null ? null : leaving;
    publisher.accept(
        now.settled(
                adapter,
                champion,
                gone.stream().map(ServingAdapter::id).collect(Collectors.toUnmodifiableSet()))
            .withRetired(adapter, stays));
    Stream.concat(gone.stream(), Stream.ofNullable(kept))
        .filter(version -> version != stays)
        .forEach(AdapterPlacer::release);
  }

  /**
   * Takes a broken version out of service. Where it is the champion, the one that its adapter
   * retired last takes over, from the slot that it is still in, if it works.
   *
   * @param stillBroken asked last, right before publishing
   * @return whether the version is out of service
   */
  boolean fallBack(ServingAdapter broken, BooleanSupplier stillBroken) {
    ServingState now = published.get();
    String adapter = broken.id().adapter();
    ServingAdapter serving = now.version(broken.id()).orElse(null);
    AdapterId champion = now.champions().get(adapter);
    if (serving == null || !serving.digest().equals(broken.digest())) {
      return false;
    }
    ServingState after = now;
    if (broken.id().equals(champion)) {
      ServingAdapter before = now.retired().get(adapter);
      if (before == null || !works(before)) {
        return false;
      }
      champion = before.id();
      after = now.reinstated(before.liveSince(clock.instant()));
    }
    if (!stillBroken.getAsBoolean()) {
      return false;
    }
    publisher.accept(after.settled(adapter, champion, Set.of(broken.id())));
    release(serving);
    return true;
  }

  private boolean works(ServingAdapter version) {
    try {
      probe.check(version);
      return true;
    } catch (RuntimeException e) {
      LOG.warn("adapter {}, which served before, does not work either", version.id(), e);
      return false;
    }
  }

  /** Tries a version where it is, and puts it into service; ends its stay there if that fails. */
  private Attempt publish(ServingAdapter fresh, BooleanSupplier stillWanted) {
    boolean done = false;
    try {
      probe.check(fresh);
      if (!stillWanted.getAsBoolean()) {
        return Attempt.NOT_WANTED;
      }
      ServingState now = published.get();
      ServingState next = now.with(fresh);
      done = true;
      publisher.accept(next);
      now.version(fresh.id()).ifPresent(AdapterPlacer::release);
      return Attempt.PUBLISHED;
    } finally {
      if (!done) {
        release(fresh);
      }
    }
  }

  private ServingAdapter unplaced(LoadedAdapter loaded, @Nullable ServingAdapter present) {
    if (present != null && present.digest().equals(loaded.digest())) {
      present.usage().touch(System.nanoTime()); // Or the next one would take its slot at once.
      return present.at(null);
    }
    return new ServingAdapter(
        new ServingAdapter.Facts(
            loaded.id(),
            loaded.digest(),
            loaded.labels(),
            loaded.limit(),
            loaded.temperature(),
            clock.instant(),
            loaded.precision(),
            loaded.allowed(),
            eviction.pinned(loaded.id().adapter())),
        new Usage(signal),
        null);
  }

  /** A slot that nobody reads, of an evicted version if need be; empty when one has to wait. */
  private OptionalInt freeSlot(ServingState now, AdapterId incoming) {
    Engine engine = now.engine();
    OptionalInt free = engine.takeSlot();
    if (free.isEmpty() && !now.retired().isEmpty()) {
      endRetired(now);
      free = engine.takeSlot();
    }
    if (free.isPresent() || now.loaded() < engine.layout().slots()) {
      return free; // Or one is draining: it comes back when its last run ends.
    }
    ServingAdapter victim = supply.victim(now, incoming).orElse(null);
    if (victim == null) {
      return free;
    }
    publisher.accept(now.with(victim.at(null))); // Nothing is retired: all slots are in use.
    release(victim);
    LOG.debug("evicted {}", victim.id());
    InferenceMeters.EVICTIONS.counter(meters).increment();
    return engine.takeSlot();
  }

  /** Gives up the slot of the version that retired first. */
  private void endRetired(ServingState now) {
    ServingAdapter oldest =
        Collections.min(
            now.retired().values(),
            Comparator.comparingLong(version -> version.usage().lastUsed()));
    publisher.accept(now.withRetired(oldest.id().adapter(), null));
    release(oldest);
  }

  private Attempt replaceEngine(ServingState now, ServingState grown) {
    publisher.accept(grown);
    Stream.concat(now.versions().stream(), now.retired().values().stream())
        .filter(ServingState::inSlot)
        .forEach(AdapterPlacer::release);
    now.engine().release();
    return Attempt.PUBLISHED;
  }

  /** Ends a version's stay where it is, once the last lease of it is back. */
  static void release(ServingAdapter version) {
    Placement placement = version.placement();
    if (placement != null) {
      placement.end();
    }
  }
}
