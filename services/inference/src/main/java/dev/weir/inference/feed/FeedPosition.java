package dev.weir.inference.feed;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The next offset of each partition that a listener has not had yet, written as {@code 0:17,1:4}:
 * it holds for the topic, so a listener may go on with it at another replica.
 *
 * <p>Belongs to one thread at a time: the replay's, then the feed's.
 */
final class FeedPosition {

  /** 64 partitions with the largest offsets; a longer header is none of ours. */
  private static final int MAX_CHARACTERS = 2048;

  private static final Pattern FORM = Pattern.compile("\\d{1,9}:\\d{1,18}(,\\d{1,9}:\\d{1,18})*");

  private final Map<Integer, Long> next;

  private FeedPosition(Map<Integer, Long> next) {
    this.next = new TreeMap<>(next);
  }

  /** Reads the written form; empty for anything else. */
  static Optional<FeedPosition> parse(String written) {
    if (written.length() > MAX_CHARACTERS || !FORM.matcher(written).matches()) {
      return Optional.empty();
    }
    Map<Integer, Long> next = new HashMap<>();
    for (String part : written.split(",", -1)) {
      int colon = part.indexOf(':');
      next.put(Integer.valueOf(part.substring(0, colon)), Long.valueOf(part.substring(colon + 1)));
    }
    return Optional.of(new FeedPosition(next));
  }

  /** The end of the topic: nothing that was written before. */
  static FeedPosition at(Map<Integer, Long> ends) {
    return new FeedPosition(ends);
  }

  /** The last {@code count} offsets before the ends, the same number in each partition. */
  static FeedPosition last(int count, Map<Integer, Long> begins, Map<Integer, Long> ends) {
    FeedPosition position = new FeedPosition(begins);
    long ignored = position.fit(begins, ends, count);
    return position;
  }

  /** Whether this record was not passed yet; passes it then. */
  boolean pass(int partition, long offset) {
    Long wanted = next.get(partition);
    if (wanted != null && offset < wanted) {
      return false;
    }
    next.put(partition, offset + 1);
    return true;
  }

  /** Goes on at an offset, whatever was passed: the partition was made anew. */
  void restart(int partition, long offset) {
    next.put(partition, offset);
  }

  long next(int partition) {
    return next.getOrDefault(partition, 0L);
  }

  /**
   * Fits the position into the topic as it is, and gives up the oldest offsets where more than
   * {@code limit} lie between it and the ends.
   *
   * @return how many offsets were given up
   */
  long fit(Map<Integer, Long> begins, Map<Integer, Long> ends, int limit) {
    next.keySet().retainAll(ends.keySet());
    long gone = 0;
    long share = Math.max(1, limit / Math.max(1, ends.size()));
    for (Map.Entry<Integer, Long> end : ends.entrySet()) {
      int partition = end.getKey();
      long first = Math.max(begins.getOrDefault(partition, 0L), end.getValue() - share);
      // Past the end: the topic was made anew, and the offsets mean nothing any more.
      long at = next.getOrDefault(partition, end.getValue());
      long wanted = at > end.getValue() ? end.getValue() : at;
      if (wanted < first) {
        gone += first - wanted;
        wanted = first;
      }
      next.put(partition, wanted);
    }
    return gone;
  }

  @Override
  public String toString() {
    return next.entrySet().stream()
        .map(entry -> entry.getKey() + ":" + entry.getValue())
        .collect(Collectors.joining(","));
  }
}
