package dev.weir.contract.event;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.deser.std.StdDeserializer;
import dev.weir.contract.event.EventTimes.NotATime;
import java.io.IOException;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Jackson's way to {@link EventTimes}. The one of its own module throws raw arithmetic exceptions
 * at numbers beyond {@link Instant}, reads decimals as seconds and integers as milliseconds.
 */
final class EventTimeReader extends StdDeserializer<Instant> {

  private static final long serialVersionUID = 1L;

  EventTimeReader() {
    super(Instant.class);
  }

  @Override
  @SuppressWarnings("NullAway") // null is Jackson's way to say that there is no value
  public Instant deserialize(JsonParser parser, DeserializationContext context) throws IOException {
    JsonNode node = context.readTree(parser);
    try {
      @Nullable Instant time = EventTimes.read(node);
      return time;
    } catch (NotATime e) {
      return context.reportInputMismatch(this, "a time is %s; %s", e.getMessage(), EventTimes.RULE);
    }
  }
}
