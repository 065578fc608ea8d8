package dev.weir.inference.adapter;

import dev.weir.common.adapter.AdapterId;
import dev.weir.common.adapter.AdapterRecord;
import dev.weir.common.adapter.Champion;
import dev.weir.common.adapter.Release;
import dev.weir.common.adapter.ServingHistory;
import dev.weir.common.adapter.ServingPlan;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The newest record under each key of the adapters topic, from one reading of it.
 *
 * <p>Bounded in the number of adapters and in bytes, since anybody with the right to write there
 * may invent names: what goes beyond is refused, but for declared adapters' champions and plans.
 * One thread writes, any reads.
 */
final class TopicRecords {

  /** Most adapters that are known of; declared ones come on top. */
  static final int MOST_ADAPTERS = 20_000;

  /** What a record takes in memory beside its JSON: map entries, objects, strings of its own. */
  private static final int OVERHEAD = 512;

  private final Map<String, NavigableMap<Integer, Release>> releases = new ConcurrentHashMap<>();
  private final Map<String, Champion> champions = new ConcurrentHashMap<>();
  private final Map<String, ServingPlan> plans = new ConcurrentHashMap<>();
  private final ServingHistory history = new ServingHistory();
  private final Map<String, Integer> sizes = new HashMap<>(); // by key; the writer's alone
  private final Predicate<String> declared;
  private final long mostBytes;
  private long bytes;

  /** A record for which there is no room. */
  static final class Refused extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String reason;

    Refused(String reason, String problem) {
      super(problem, null, false, false);
      this.reason = reason;
    }

    /** A stable code. */
    String reason() {
      return reason;
    }
  }

  /**
   * Nothing yet.
   *
   * @param declared names of adapters that are taken in however many others there are
   * @param mostBytes most bytes of JSON to keep, with some hundred bytes for each record
   */
  TopicRecords(Predicate<String> declared, long mostBytes) {
    this.declared = declared;
    this.mostBytes = mostBytes;
  }

  /** A sixteenth of the heap: as objects, records take two to three times their JSON. */
  static long mostBytes(long heap) {
    return Math.max(16L << 20, heap / 16);
  }

  List<Release> releases(String adapter, int most) {
    NavigableMap<Integer, Release> known = releases.get(adapter);
    return known == null ? List.of() : known.descendingMap().values().stream().limit(most).toList();
  }

  @Nullable Release release(String adapter, int version) {
    NavigableMap<Integer, Release> known = releases.get(adapter);
    return known == null ? null : known.get(version);
  }

  Set<String> released() {
    return Set.copyOf(releases.keySet());
  }

  @Nullable Champion champion(String adapter) {
    return champions.get(adapter);
  }

  Map<String, Champion> champions() {
    return Map.copyOf(champions);
  }

  Map<String, ServingPlan> plans() {
    return plans;
  }

  ServingHistory history() {
    return history;
  }

  boolean knows(String adapter) {
    return champions.containsKey(adapter)
        || releases.containsKey(adapter)
        || plans.containsKey(adapter);
  }

  /** The adapters that champions or plans are about. */
  Set<String> served() {
    Set<String> served = new HashSet<>(champions.keySet());
    served.addAll(plans.keySet());
    return served;
  }

  /**
   * Takes a record in whose names and versions are sound.
   *
   * @param size of its value, in bytes
   * @return the adapter of which something else may be wanted now
   * @throws Refused {@code too-many-adapters} or {@code too-many-records}; nothing is changed
   */
  Optional<String> put(AdapterRecord read, int size) {
    if (read instanceof AdapterRecord.Released released) {
      Release release = released.release();
      room(release.adapter(), release.id().toString(), size, false);
      releases
          .computeIfAbsent(release.adapter(), name -> new ConcurrentSkipListMap<>())
          .put(release.version(), release);
      history.take(read);
      return Optional.empty();
    }
    if (read instanceof AdapterRecord.Crowned crowned) {
      Champion champion = crowned.champion();
      room(champion.adapter(), champion.adapter(), size, true);
      champions.put(champion.adapter(), champion);
      history.take(read);
      return Optional.of(champion.adapter());
    }
    ServingPlan plan = ((AdapterRecord.Planned) read).plan();
    room(plan.adapter(), plan.adapter() + AdapterRecord.PLAN, size, true);
    plans.put(plan.adapter(), plan);
    return Optional.of(plan.adapter());
  }

  private void room(String adapter, String key, int size, boolean needed) {
    boolean always = needed && declared.test(adapter);
    if (!always && !knows(adapter) && adapters() >= MOST_ADAPTERS) {
      throw new Refused(
          "too-many-adapters",
          "the topic names more than %d adapters; withdraw those that are not used"
              .formatted(MOST_ADAPTERS));
    }
    int before = sizes.getOrDefault(key, 0);
    int after = size + OVERHEAD;
    if (!always && after > before && bytes - before + after > mostBytes) {
      throw new Refused(
          "too-many-records",
          "the records of this topic take more than %d bytes; withdraw old releases, or give the heap more (-Xmx)"
              .formatted(mostBytes));
    }
    sizes.put(key, after);
    bytes += after - before;
  }

  /** At least the number of names; those with a plan alone count twice when they have releases. */
  private int adapters() {
    return Math.max(champions.size(), Math.max(releases.size(), plans.size()));
  }

  void removeRelease(AdapterId id) {
    NavigableMap<Integer, Release> known = releases.get(id.adapter());
    if (known != null && known.remove(id.version()) != null) {
      forget(id.toString());
      if (known.isEmpty()) {
        releases.remove(id.adapter());
      }
    }
  }

  /** Whether there was one. */
  boolean removeChampion(String adapter) {
    forget(adapter);
    return champions.remove(adapter) != null;
  }

  /** Whether there was one. */
  boolean removePlan(String adapter) {
    forget(adapter + AdapterRecord.PLAN);
    return plans.remove(adapter) != null;
  }

  private void forget(String key) {
    Integer size = sizes.remove(key);
    bytes -= size == null ? 0 : size;
  }
}
