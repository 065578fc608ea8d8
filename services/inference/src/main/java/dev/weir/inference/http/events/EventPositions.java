package dev.weir.inference.http.events;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Where a client stands in each of its feeds, and how that is written as the id of an event: the
 * feed's own position for one feed, {@code classifications=0:17,1:4;training=0:3} for several.
 *
 * <p>Guarded by its owner.
 */
final class EventPositions {

  /** Seven feeds of 64 partitions each; a longer header is none of ours. */
  private static final int MAX_CHARACTERS = 16_384;

  private final boolean one;
  private final Map<String, String> places = new LinkedHashMap<>();

  /** Of a client that listens to these feeds. */
  EventPositions(List<String> feeds) {
    this.one = feeds.size() == 1;
  }

  /** Notes a place. */
  void set(String feed, String place) {
    places.put(feed, place);
  }

  /** How many feeds have a place. */
  int known() {
    return places.size();
  }

  /** All places as the id of an event. */
  String id() {
    return one
        ? String.join("", places.values())
        : places.entrySet().stream()
            .map(place -> place.getKey() + "=" + place.getValue())
            .collect(Collectors.joining(";"));
  }

  /** The place of one feed in an id that a client sent, or null; the feed checks its form. */
  static @Nullable String of(@Nullable String id, String feed, boolean one) {
    if (id == null || one || id.length() > MAX_CHARACTERS) {
      return one ? id : null;
    }
    for (String part : id.split(";", -1)) {
      if (part.startsWith(feed + "=")) {
        return part.substring(feed.length() + 1);
      }
    }
    return null;
  }
}
