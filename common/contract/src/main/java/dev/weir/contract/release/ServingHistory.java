package dev.weir.contract.release;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Which versions of each adapter have been champion, as the records of the adapters topic tell it
 * in their order.
 *
 * <p>A champion's record says it itself ({@link Champion#servedBefore()}). One of an earlier
 * version does not: then it came after the champion that was there, and a promoted release that
 * nothing held back was champion since its record, so that a topic whose champions were compacted
 * away still tells most of it. Each version stands once, where it served last. One thread takes
 * records in, any may ask.
 */
public final class ServingHistory {

  /** What a record names at most; nobody keeps that many artifacts. */
  private static final int MOST = 50;

  private final Map<String, List<Integer>> champions = new ConcurrentHashMap<>();

  /** Takes the topic's next record in. */
  public void take(AdapterRecord record) {
    if (record instanceof AdapterRecord.Crowned crowned) {
      Champion champion = crowned.champion();
      List<Integer> before = champion.servedBefore();
      champions.put(
          champion.adapter(),
          first(
              champion.version(),
              before != null ? before : champions.getOrDefault(champion.adapter(), List.of())));
    } else if (record instanceof AdapterRecord.Released released) {
      Release release = released.release();
      if (release.state() == Release.State.PROMOTED && release.heldBy() == null) {
        champions.merge(
            release.adapter(),
            List.of(release.version()),
            (known, unused) -> first(release.version(), known));
      }
    }
  }

  /** What served before a version that serves now, the last one first. */
  public List<Integer> before(String adapter, int serving) {
    List<Integer> known = champions.getOrDefault(adapter, List.of());
    // A champion that is not pinned, while another version is, never served.
    return known.subList(known.indexOf(serving) + 1, known.size());
  }

  /**
   * What will have served before a new champion.
   *
   * @param serving the version that serves until then, or {@code null} when none does
   */
  public List<Integer> afterPromotion(String adapter, @Nullable Integer serving, int next) {
    if (serving == null) {
      return without(next, champions.getOrDefault(adapter, List.of()));
    }
    return without(next, first(serving, before(adapter, serving)));
  }

  /**
   * What will have served before a version that is gone back to: what came before it then. What is
   * left behind is not what anybody wants to come back to.
   */
  public List<Integer> afterRollback(String adapter, int serving, int target) {
    List<Integer> before = before(adapter, serving);
    return without(target, before.subList(before.indexOf(target) + 1, before.size()));
  }

  private static List<Integer> first(int version, List<Integer> others) {
    List<Integer> all = new ArrayList<>();
    all.add(version);
    all.addAll(without(version, others));
    return List.copyOf(all);
  }

  private static List<Integer> without(int version, List<Integer> versions) {
    return versions.stream().filter(each -> each != version).limit(MOST).toList();
  }
}
