package dev.weir.curation.validate;

import dev.weir.common.event.EventReader;
import dev.weir.common.event.Parsed.Accepted;
import dev.weir.common.event.Review;
import dev.weir.curation.resolve.ReviewEvent;
import dev.weir.curation.resolve.ReviewEvent.ReviewSeen;
import java.util.List;
import org.apache.kafka.streams.KeyValue;
import org.jspecify.annotations.Nullable;

/**
 * Reads reviews for what feedback may need of them: text and adapter. A bad one is passed over;
 * inference sends it to the dead-letter topic.
 */
public final class ReviewReader {

  private ReviewReader() {}

  /** The review under its id, or nothing. */
  public static List<KeyValue<String, ReviewEvent>> read(
      byte @Nullable [] key, byte @Nullable [] value) {
    if (EventReader.review(key, value) instanceof Accepted<Review> review) {
      return List.of(
          KeyValue.pair(
              review.event().id(),
              new ReviewSeen(review.event().adapter(), review.event().text())));
    }
    return List.of();
  }
}
