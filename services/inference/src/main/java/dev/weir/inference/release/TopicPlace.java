package dev.weir.inference.release;

import java.util.Comparator;

/**
 * A place on the adapters topic: later is newer, whatever the versions.
 *
 * @param epoch how often the topic was read from its beginning by this process; offsets of
 *     different epochs say nothing of each other, since the topic may have been made anew in
 *     between
 * @param offset where on the topic
 */
public record TopicPlace(long epoch, long offset) implements Comparable<TopicPlace> {

  private static final Comparator<TopicPlace> ORDER =
      Comparator.comparingLong(TopicPlace::epoch).thenComparingLong(TopicPlace::offset);

  /** Whether what stands here replaces what stands at another place. */
  boolean after(TopicPlace other) {
    return compareTo(other) > 0;
  }

  @Override
  public int compareTo(TopicPlace other) {
    return ORDER.compare(this, other);
  }
}
