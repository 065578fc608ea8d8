package dev.weir.curation.validate;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.weir.common.event.Classification;
import dev.weir.common.event.EventJson;
import dev.weir.common.ops.LoggedText;
import dev.weir.curation.resolve.ReviewEvent;
import dev.weir.curation.resolve.ReviewEvent.AnswerServed;
import java.io.UncheckedIOException;
import java.util.List;
import org.apache.kafka.streams.KeyValue;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads classifications for what a verdict may need of them. What is not one is passed over: the
 * topic is Weir's own, but nothing keeps others from writing to it.
 */
public final class ServedReader {

  private static final Logger LOG = LoggerFactory.getLogger(ServedReader.class);

  private ServedReader() {}

  /** The answer under the review's id, or nothing. */
  public static List<KeyValue<String, ReviewEvent>> read(
      byte @Nullable [] key, byte @Nullable [] value) {
    if (value == null) {
      return List.of();
    }
    try {
      @Nullable Classification answer = EventJson.read(value, Classification.class);
      if (answer == null || answer.adapter() == null) {
        return List.of();
      }
      String id = answer.reviewId();
      if (id == null && key != null) {
        id = new String(key, UTF_8);
      }
      if (id == null) {
        return List.of();
      }
      return List.of(
          KeyValue.pair(
              id,
              new AnswerServed(
                  answer.adapter(),
                  answer.version(),
                  answer.abstained() ? null : answer.label(),
                  null)));
    } catch (UncheckedIOException e) {
      LOG.debug("a record of the classifications is passed over: {}", LoggedText.of(e));
      return List.of();
    }
  }
}
