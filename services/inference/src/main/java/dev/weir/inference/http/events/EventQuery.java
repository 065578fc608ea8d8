package dev.weir.inference.http.events;

import dev.weir.inference.feed.TopicFeed;
import dev.weir.inference.http.web.Problem;
import io.vertx.ext.web.RoutingContext;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What the query of a request for events asks for. Stateless. */
final class EventQuery {

  private EventQuery() {}

  /**
   * The feeds that {@code ?feeds=a,b} names, each once.
   *
   * @throws Problem 422 for one that is not offered, or for none
   */
  static List<EventSource> feeds(RoutingContext request, Map<String, EventSource> offered) {
    String written = request.request().getParam("feeds", "");
    Set<String> names = new LinkedHashSet<>(List.of(written.split(",", -1)));
    return names.stream()
        .map(
            name -> {
              EventSource source = offered.get(name);
              if (source == null) {
                throw new Problem(
                    422,
                    "unknown-feed",
                    "there is no feed '%s'; name some of %s, as in ?feeds=classifications,training"
                        .formatted(name, String.join(", ", offered.keySet())));
              }
              return source;
            })
        .toList();
  }

  /**
   * The number of offsets before now that {@code ?last=} asks for, 0 without it.
   *
   * @throws Problem 422 unless it is a number in range
   */
  static int last(RoutingContext request) {
    String written = request.request().getParam("last", "0");
    if (!written.matches("\\d{1,6}") || Integer.parseInt(written) > TopicFeed.MOST_BEFORE) {
      throw new Problem(
          422,
          "bad-last",
          "'last' is '%s', it must be a whole number in 0 to %d"
              .formatted(written, TopicFeed.MOST_BEFORE));
    }
    return Integer.parseInt(written);
  }
}
