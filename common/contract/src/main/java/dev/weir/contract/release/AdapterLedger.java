package dev.weir.contract.release;

import dev.weir.contract.event.Limits;
import dev.weir.contract.event.Utf8;
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
 * What the adapters topic says: the newest record under each key, and which versions have served.
 *
 * <p>All readers of the topic fold its records with this class, so that a champion that is
 * withdrawn is withdrawn for all of them. What a key stands for is in {@link AdapterRecord}.
 *
 * <p>Bounded in the number of adapters and in bytes, since anybody with the right to write there
 * may invent names: what goes beyond is refused, but for declared adapters' champions and plans.
 * One thread writes, any thread reads.
 */
public final class AdapterLedger {

  /** Most adapters that are known of; declared ones come on top. */
  public static final int MOST_ADAPTERS = 20_000;

  /** What a record takes in memory beside its JSON: map entries, objects, strings of its own. */
  private static final int OVERHEAD = 512;

  private final Map<String, NavigableMap<Integer, Release>> releases = new ConcurrentHashMap<>();
  private final Map<String, Champion> champions = new ConcurrentHashMap<>();
  private final Map<String, ServingPlan> plans = new ConcurrentHashMap<>();
  private final ServingHistory history = new ServingHistory();
  private final Map<String, Integer> sizes = new HashMap<>(); // by key; the writer's alone
  private final Predicate<String> declared;
  private final int mostAdapters;
  private final long mostBytes;
  private long bytes;

  /** A record for which there is no room. */
  public static final class Refused extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String reason;

    Refused(String reason, String problem) {
      super(problem, null, false, false);
      this.reason = reason;
    }

    /** {@code too-many-adapters} or {@code too-many-records}. */
    public String reason() {
      return reason;
    }
  }

  /**
   * Nothing yet.
   *
   * @param declared names of adapters that are taken in however many others there are
   * @param mostBytes most bytes of JSON to keep, with some hundred bytes for each record
   */
  public AdapterLedger(Predicate<String> declared, long mostBytes) {
    this(declared, MOST_ADAPTERS, mostBytes);
  }

  private AdapterLedger(Predicate<String> declared, int mostAdapters, long mostBytes) {
    this.declared = declared;
    this.mostAdapters = mostAdapters;
    this.mostBytes = mostBytes;
  }

  /** Nothing yet; everything is kept. For a trainer, which must know each decision there was. */
  public static AdapterLedger unbounded() {
    return new AdapterLedger(adapter -> true, Integer.MAX_VALUE, Long.MAX_VALUE);
  }

  /** A sixteenth of the heap: as objects, records take two to three times their JSON. */
  public static long mostBytes(long heap) {
    return Math.max(16L << 20, heap / 16);
  }

  /** The newest releases of an adapter, so many at most, newest version first. */
  public List<Release> releases(String adapter, int most) {
    NavigableMap<Integer, Release> known = releases.get(adapter);
    return known == null ? List.of() : known.descendingMap().values().stream().limit(most).toList();
  }

  /** A release; {@code null} if there is none. */
  public @Nullable Release release(String adapter, int version) {
    NavigableMap<Integer, Release> known = releases.get(adapter);
    return known == null ? null : known.get(version);
  }

  /** All releases, in no order. */
  public List<Release> releases() {
    return releases.values().stream().flatMap(known -> known.values().stream()).toList();
  }

  /** The names of all adapters that have a release. */
  public Set<String> released() {
    return Set.copyOf(releases.keySet());
  }

  /** The champion of an adapter; {@code null} if there is none. */
  public @Nullable Champion champion(String adapter) {
    return champions.get(adapter);
  }

  /** The champions by the adapter's name. */
  public Map<String, Champion> champions() {
    return Map.copyOf(champions);
  }

  /** How an operator wants an adapter to be served; nothing special if nobody said. */
  public ServingPlan plan(String adapter) {
    return plans.getOrDefault(adapter, ServingPlan.none(adapter));
  }

  /** The operators' plans by the adapter's name. */
  public Map<String, ServingPlan> plans() {
    return Map.copyOf(plans);
  }

  /** Which versions have served. */
  public ServingHistory history() {
    return history;
  }

  /** Whether there is a release, a champion or a plan of an adapter. */
  public boolean knows(String adapter) {
    return champions.containsKey(adapter)
        || releases.containsKey(adapter)
        || plans.containsKey(adapter);
  }

  /** The adapters that champions or plans are about. */
  public Set<String> served() {
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
  public Optional<String> put(AdapterRecord read, int size) {
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
    if (!always && !knows(adapter) && adapters() >= mostAdapters) {
      throw new Refused(
          "too-many-adapters",
          "the topic names more than %d adapters; withdraw those that are not used"
              .formatted(mostAdapters));
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

  /**
   * Takes a tombstone in: what stood under the key is withdrawn. What has served stays known.
   *
   * @return the adapter of which something else may be wanted now
   * @throws IllegalArgumentException if the key is none of this topic
   */
  public Optional<String> remove(byte @Nullable [] key) {
    String name = Utf8.read(key).orElse("");
    if (Limits.ADAPTER_NAME.matcher(name).matches()) {
      forget(name);
      return champions.remove(name) == null ? Optional.empty() : Optional.of(name);
    }
    Optional<String> planned = AdapterRecord.plannedAdapter(key);
    if (planned.isPresent()) {
      forget(name);
      return plans.remove(planned.get()) == null ? Optional.empty() : planned;
    }
    AdapterId id = AdapterId.parse(name);
    NavigableMap<Integer, Release> known = releases.get(id.adapter());
    if (known != null && known.remove(id.version()) != null) {
      forget(name);
      if (known.isEmpty()) {
        releases.remove(id.adapter());
      }
    }
    return Optional.empty();
  }

  private void forget(String key) {
    Integer size = sizes.remove(key);
    bytes -= size == null ? 0 : size;
  }
}
