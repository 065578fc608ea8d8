package dev.weir.curation.resolve;

import dev.weir.contract.event.EventJson;
import dev.weir.curation.deadletter.Original;
import dev.weir.curation.deadletter.OriginalSerde;
import dev.weir.curation.resolve.ReviewEvent.AnswerServed;
import dev.weir.curation.resolve.ReviewEvent.FeedbackGiven;
import dev.weir.curation.resolve.ReviewEvent.ReviewSeen;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serializer;

/**
 * A tag byte, then the event: JSON for reviews and answers, {@link OriginalSerde}'s form for
 * feedback.
 */
public final class ReviewEventSerde implements Serde<ReviewEvent> {

  private static final byte REVIEW = 'r';
  private static final byte ANSWER = 'a';
  private static final byte FEEDBACK = 'f';

  @Override
  public Serializer<ReviewEvent> serializer() {
    return (topic, event) -> write(event);
  }

  @Override
  public Deserializer<ReviewEvent> deserializer() {
    return (topic, bytes) -> read(topic, bytes);
  }

  private static byte[] write(ReviewEvent event) {
    if (event instanceof FeedbackGiven feedback) {
      return tagged(FEEDBACK, OriginalSerde.write(feedback.original()));
    }
    return tagged(event instanceof ReviewSeen ? REVIEW : ANSWER, EventJson.write(event));
  }

  private static ReviewEvent read(String topic, byte[] bytes) {
    if (bytes[0] == FEEDBACK) {
      Original original = OriginalSerde.read(ByteBuffer.wrap(bytes, 1, bytes.length - 1));
      return new FeedbackGiven(original);
    }
    byte[] json = Arrays.copyOfRange(bytes, 1, bytes.length);
    return switch (bytes[0]) {
      case REVIEW -> EventJson.read(json, ReviewSeen.class);
      case ANSWER -> EventJson.read(json, AnswerServed.class);
      default ->
          throw new SerializationException(
              topic + " has a record with tag " + bytes[0] + "; only Weir may write to it");
    };
  }

  private static byte[] tagged(byte tag, byte[] body) {
    byte[] tagged = new byte[body.length + 1];
    tagged[0] = tag;
    System.arraycopy(body, 0, tagged, 1, body.length);
    return tagged;
  }
}
