package dev.weir.inference.adapter;

import dev.weir.common.adapter.AdapterId;
import dev.weir.common.adapter.AdapterRecord;
import dev.weir.common.adapter.AdapterRecord.Crowned;
import dev.weir.common.adapter.AdapterRecord.Planned;
import dev.weir.common.adapter.AdapterRecord.Released;
import dev.weir.common.adapter.Champion;
import dev.weir.common.adapter.Release;
import dev.weir.common.adapter.ServingHistory;
import dev.weir.common.adapter.ServingPlan;
import dev.weir.common.event.Limits;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the adapters topic last said: releases, champions and operators' plans, and what these
 * together want of each adapter: the champion, or the version that an operator pinned, and a canary
 * and a shadow beside it.
 *
 * <p>Written by the {@link AdapterWatcher}'s thread, read by any.
 */
public final class AnnouncedAdapters {

  private static final Logger LOG = LoggerFactory.getLogger(AnnouncedAdapters.class);

  private final Map<AdapterId, Release> releases = new ConcurrentHashMap<>();
  private final Map<String, Champion> champions = new ConcurrentHashMap<>();
  private final ServingHistory history = new ServingHistory();
  private final ServingPlans plans;

  /**
   * Nothing yet.
   *
   * @param plans where operators' plans go
   */
  public AnnouncedAdapters(ServingPlans plans) {
    this.plans = plans;
  }

  /** All releases of an adapter that the topic holds, newest version first. */
  public List<Release> releases(String adapter) {
    return releases.values().stream()
        .filter(release -> release.adapter().equals(adapter))
        .sorted(Comparator.comparingInt(Release::version).reversed())
        .toList();
  }

  /** The names of all adapters that the topic holds a release of. */
  public Set<String> released() {
    return releases.keySet().stream().map(AdapterId::adapter).collect(Collectors.toSet());
  }

  /** Whether the topic holds a release, a champion or a plan of an adapter; costs one look-up. */
  public boolean exists(String adapter) {
    return champions.containsKey(adapter) || released().contains(adapter);
  }

  /** The champion of an adapter, as the topic states it. */
  public Optional<Champion> champion(String adapter) {
    return Optional.ofNullable(champions.get(adapter));
  }

  /** How an operator wants an adapter to be served, as the topic states it. */
  public ServingPlan plan(String adapter) {
    return plans.of(adapter);
  }

  /** The version that should answer for an adapter: the pinned one, or else the champion. */
  public Optional<Champion> answering(String adapter) {
    return Optional.ofNullable(plans.of(adapter).pinnedChampion())
        .or(() -> Optional.ofNullable(champions.get(adapter)));
  }

  /** Which versions have served. */
  public ServingHistory history() {
    return history;
  }

  /** The champions by adapter name, as the topic states them. */
  public Map<String, Champion> champions() {
    return Map.copyOf(champions);
  }

  /**
   * Takes a record in.
   *
   * @return the adapter of which something else may be wanted now; empty when nothing is
   */
  Optional<String> take(ConsumerRecord<byte[], byte[]> record) {
    AdapterRecord read = AdapterRecord.read(record.key(), record.value()).orElse(null);
    if (read != null) {
      history.take(read);
    }
    if (read instanceof Released released) {
      releases.put(released.release().id(), released.release());
    } else if (read instanceof Crowned crowned) {
      Champion champion = crowned.champion();
      champions.put(champion.adapter(), champion);
      return Optional.of(champion.adapter());
    } else if (read instanceof Planned planned) {
      plans.put(planned.plan());
      return Optional.of(planned.plan().adapter());
    } else {
      return takeTombstone(record);
    }
    return Optional.empty();
  }

  private Optional<String> takeTombstone(ConsumerRecord<byte[], byte[]> record) {
    if (record.key() == null || record.value() != null) {
      LOG.warn(
          "{}-{}@{} is no adapter record; it is skipped",
          record.topic(),
          record.partition(),
          record.offset());
      return Optional.empty();
    }
    String key = new String(record.key(), StandardCharsets.UTF_8);
    try {
      if (key.indexOf('@') >= 0) {
        releases.remove(AdapterId.parse(key));
        return Optional.empty();
      }
      if (Limits.ADAPTER_NAME.matcher(key).matches()) {
        champions.remove(key);
        return Optional.of(key);
      }
      Optional<String> planned = AdapterRecord.plannedAdapter(record.key());
      planned.ifPresent(plans::remove);
      return planned;
    } catch (IllegalArgumentException e) {
      LOG.warn(
          "{}-{}@{} withdraws '{}', which is no adapter",
          record.topic(),
          record.partition(),
          record.offset(),
          key);
      return Optional.empty();
    }
  }

  /**
   * What champion and plan, which have records of their own, together ask for.
   *
   * @param offset of the last of these records
   */
  Wanted wanted(String adapter, long offset) {
    ServingPlan plan = plans.of(adapter);
    WantedVersion champion =
        answering(adapter)
            .map(answering -> WantedVersion.of(answering, releases.get(answering.id())))
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
    return new Wanted(offset, champion, others).insteadOfNone(heldBack(plan));
  }

  /**
   * The champion that a pin holds back; {@code null} when none is, or a rollback took it out of
   * service.
   */
  private @Nullable WantedVersion heldBack(ServingPlan plan) {
    ServingPlan.Pin pinned = plan.pinned();
    Champion champion = champions.get(plan.adapter());
    return pinned == null
            || champion == null
            || champion.version() == pinned.version()
            || Objects.equals(champion.version(), pinned.rolledBackFrom())
        ? null
        : WantedVersion.of(champion, releases.get(champion.id()));
  }

  private WantedVersion wanted(String adapter, int version, String digest) {
    AdapterId id = new AdapterId(adapter, version);
    return new WantedVersion(id, digest, releases.get(id));
  }
}
