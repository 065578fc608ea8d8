package dev.weir.inference.release;

import dev.weir.contract.event.Parsed;
import dev.weir.contract.event.Parsed.Reason;
import dev.weir.contract.event.Parsed.Rejected;
import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.AdapterLedger;
import dev.weir.contract.release.AdapterRecord;
import dev.weir.contract.release.Champion;
import dev.weir.contract.release.Release;
import dev.weir.contract.release.ServingHistory;
import dev.weir.contract.release.ServingPlan;
import dev.weir.inference.slot.WantedVersion;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the adapters topic last said: releases, champions and operators' plans, and what these
 * together want of each adapter: the champion, or the version that an operator pinned, and a canary
 * and a shadow beside it.
 *
 * <p>While the topic is read from its beginning, what it says is gathered apart ({@link
 * #beginReading}) and takes the place of what was known in one step, at the topic's end ({@link
 * #endReading}): so a topic that was made anew leaves nothing of the old one behind, and nobody
 * sees a champion of last year in between.
 *
 * <p>How much is kept is bounded, whoever writes to the topic: see {@link AdapterLedger}. Written
 * by the {@link AdapterWatcher}'s thread, read by any.
 */
public final class AnnouncedAdapters {

  private static final Logger LOG = LoggerFactory.getLogger(AnnouncedAdapters.class);

  private final ServingPlans plans;
  private final Predicate<String> declared;
  private final SkippedAdapterRecords skipped;
  private final long mostBytes;
  private volatile AdapterLedger current;
  private @Nullable AdapterLedger reading; // the watcher's thread alone

  /**
   * Nothing yet, and nobody is told of records that are skipped.
   *
   * @param plans where operators' plans go
   */
  public AnnouncedAdapters(ServingPlans plans) {
    this(plans, adapter -> false, SkippedAdapterRecords.unmetered());
  }

  /**
   * Nothing yet.
   *
   * @param plans where operators' plans go
   * @param declared names of adapters that are taken in however many others there are
   * @param skipped is told of each record that is not taken in
   */
  public AnnouncedAdapters(
      ServingPlans plans, Predicate<String> declared, SkippedAdapterRecords skipped) {
    this(plans, declared, skipped, AdapterLedger.mostBytes(Runtime.getRuntime().maxMemory()));
  }

  /** What a topic says that is not read yet. */
  public AnnouncedAdapters(
      ServingPlans plans,
      Predicate<String> declared,
      SkippedAdapterRecords skipped,
      long mostBytes) {
    this.plans = plans;
    this.declared = declared;
    this.skipped = skipped;
    this.mostBytes = mostBytes;
    this.current = new AdapterLedger(declared, mostBytes);
  }

  /** All releases of an adapter that the topic holds, newest version first. */
  public List<Release> releases(String adapter) {
    return current.releases(adapter, Integer.MAX_VALUE);
  }

  /** The newest releases of an adapter, so many at most, newest version first. */
  public List<Release> releases(String adapter, int most) {
    return current.releases(adapter, most);
  }

  /** One release, if the topic holds it. */
  public Optional<Release> release(String adapter, int version) {
    return Optional.ofNullable(current.release(adapter, version));
  }

  /** The names of all adapters that the topic holds a release of. */
  public Set<String> released() {
    return current.released();
  }

  /** Whether the topic holds a release, a champion or a plan of an adapter; costs one look-up. */
  public boolean exists(String adapter) {
    return current.knows(adapter);
  }

  /** How an operator wants an adapter to be served, as the topic states it. */
  public ServingPlan plan(String adapter) {
    return plans.of(adapter);
  }

  /** The champion of an adapter, as the topic states it. */
  public Optional<Champion> champion(String adapter) {
    return Optional.ofNullable(current.champion(adapter));
  }

  /** The version that should answer for an adapter: the pinned one, or else the champion. */
  public Optional<Champion> answering(String adapter) {
    return Optional.ofNullable(plans.of(adapter).pinnedChampion()).or(() -> champion(adapter));
  }

  /** Which versions have served. */
  public ServingHistory history() {
    return current.history();
  }

  /** The champions by adapter name, as the topic states them. */
  public Map<String, Champion> champions() {
    return current.champions();
  }

  /** Gathers what comes from now on apart from what is known, until {@link #endReading}. */
  void beginReading() {
    reading = new AdapterLedger(declared, mostBytes);
  }

  /**
   * Puts what was gathered in the place of what was known.
   *
   * @return the adapters of which something was or is said; none when the topic says nothing at all
   *     and did before: it was lost or is about to be filled, which is no reason to stop serving
   */
  Set<String> endReading() {
    AdapterLedger read = reading;
    if (read == null) {
      return Set.of();
    }
    Set<String> adapters = new TreeSet<>(read.served());
    if (adapters.isEmpty() && !current.served().isEmpty()) {
      LOG.warn(
          "the adapters topic is empty and was not: {} adapters go on serving here, and a restart would serve none; restore the topic, or promote a version of each",
          current.served().size());
    } else {
      adapters.addAll(current.served());
    }
    current = read;
    reading = null;
    plans.become(read.plans());
    return adapters;
  }

  /**
   * Takes a record in. One that cannot be read, or for which there is no room, is counted, logged
   * and skipped: this never throws.
   *
   * @return the adapter of which something else may be wanted now; empty when nothing is, and while
   *     the topic is read from its beginning
   */
  public Optional<String> take(ConsumerRecord<byte[], byte[]> record) {
    try {
      Optional<String> adapter =
          record.value() == null ? takeTombstone(record) : takeIn(record, record.value());
      return reading == null ? adapter : Optional.empty();
    } catch (AdapterLedger.Refused e) {
      skipped.refuse(record, e);
    } catch (RuntimeException e) {
      skipped.skip(record, Rejected.internalError(e));
    }
    return Optional.empty();
  }

  private Optional<String> takeIn(ConsumerRecord<byte[], byte[]> record, byte[] value) {
    Parsed<AdapterRecord> parsed = AdapterRecord.parse(record.key(), value);
    if (parsed instanceof Rejected<AdapterRecord> unusable) {
      skipped.skip(record, unusable);
      return Optional.empty();
    }
    AdapterRecord read = parsed.accepted().orElseThrow();
    Optional<String> changed = book().put(read, value.length);
    if (read instanceof AdapterRecord.Released released) {
      skipped.decided(released.release());
    }
    if (reading == null && read instanceof AdapterRecord.Planned planned) {
      plans.put(planned.plan());
    }
    return changed;
  }

  private Optional<String> takeTombstone(ConsumerRecord<byte[], byte[]> record) {
    try {
      Optional<String> adapter = book().remove(record.key());
      if (reading == null) {
        AdapterRecord.plannedAdapter(record.key()).ifPresent(plans::remove);
      }
      return adapter;
    } catch (IllegalArgumentException e) {
      skipped.skip(
          record, new Rejected<>(Reason.KEY_MISMATCH, "it withdraws what is no adapter record"));
      return Optional.empty();
    }
  }

  private AdapterLedger book() {
    AdapterLedger read = reading;
    return read == null ? current : read;
  }

  /**
   * What champion and plan, which have records of their own, together ask for.
   *
   * @param at the place of the last of these records
   */
  Wanted wanted(String adapter, TopicPlace at) {
    ServingPlan plan = plans.of(adapter);
    WantedVersion champion =
        answering(adapter)
            .map(
                answering ->
                    WantedVersion.of(answering, current.release(adapter, answering.version())))
            .orElse(null);
    List<WantedVersion> others = new ArrayList<>();
    ServingPlan.Canary canary = plan.canary();
    if (canary != null) {
      others.add(wanted(adapter, canary.version(), canary.digest()));
    }
    ServingPlan.Shadow shadow = plan.shadow();
    if (shadow != null) {
      others.add(wanted(adapter, shadow.version(), shadow.digest()));
    }
    Set<AdapterId> seen = new HashSet<>();
    if (champion != null) {
      seen.add(champion.id());
    }
    others.removeIf(other -> !seen.add(other.id()));
    return new Wanted(at, champion, others).insteadOfNone(heldBack(plan));
  }

  /**
   * The champion that a pin holds back; {@code null} when none is, or a rollback took it out of
   * service.
   */
  private @Nullable WantedVersion heldBack(ServingPlan plan) {
    ServingPlan.Pin pinned = plan.pinned();
    Champion champion = current.champion(plan.adapter());
    return pinned == null
            || champion == null
            || champion.version() == pinned.version()
            || Objects.equals(champion.version(), pinned.rolledBackFrom())
        ? null
        : WantedVersion.of(champion, current.release(champion.adapter(), champion.version()));
  }

  private WantedVersion wanted(String adapter, int version, String digest) {
    return new WantedVersion(
        new AdapterId(adapter, version), digest, current.release(adapter, version));
  }
}
