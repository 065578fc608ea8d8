package dev.weir.curation.validate;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.weir.common.event.EventReader;
import dev.weir.common.event.Feedback;
import dev.weir.common.event.Parsed;
import dev.weir.common.event.Parsed.Accepted;
import dev.weir.common.event.Parsed.Reason;
import dev.weir.common.event.Parsed.Rejected;
import dev.weir.common.store.Digests;
import dev.weir.common.topic.Topics;
import dev.weir.curation.deadletter.Original;
import dev.weir.curation.deadletter.Screened;
import dev.weir.curation.deadletter.Screened.Passed;
import dev.weir.curation.deadletter.Screened.Refused;
import dev.weir.curation.resolve.ReviewEvent;
import java.util.Objects;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;

/**
 * Refuses feedback that is wrong whatever else is known, and keys the rest by the review it is
 * about; by its text's hash when it is about none.
 */
public final class FeedbackValidator
    implements Processor<byte[], byte[], String, Screened<ReviewEvent>> {

  private ProcessorContext<String, Screened<ReviewEvent>> context;

  /** A validator; {@code init} comes before any record. */
  @SuppressWarnings("NullAway.Init")
  public FeedbackValidator() {}

  @Override
  public void init(ProcessorContext<String, Screened<ReviewEvent>> context) {
    this.context = context;
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    Original original = Original.of(record, context.recordMetadata().orElseThrow());
    Parsed<Feedback> parsed = read(original);
    if (parsed instanceof Rejected<Feedback> bad) {
      forward(record, "", new Refused<>(original, bad.reason(), bad.message()));
    } else if (parsed instanceof Accepted<Feedback> good) {
      forward(record, key(good.event()), new Passed<>(new ReviewEvent.FeedbackGiven(original)));
    }
  }

  private static Parsed<Feedback> read(Original original) {
    if (original.sizeBytes() > Topics.MAX_MESSAGE_BYTES) {
      return new Rejected<>(
          Reason.RECORD_TOO_LARGE,
          "the record has %d bytes before compression, at most %d are accepted; leave out what is not feedback"
              .formatted(original.sizeBytes(), Topics.MAX_MESSAGE_BYTES));
    }
    return EventReader.feedback(original.key(), original.value());
  }

  private static String key(Feedback feedback) {
    return feedback.reviewId() != null
        ? feedback.reviewId()
        // The reader lets nothing pass that has neither review nor text.
        : digest(Objects.requireNonNull(feedback.text()));
  }

  /** Spreads texts over tasks; which texts are the same one is found out once, further on. */
  private static String digest(String text) {
    return Digests.sha256(text.getBytes(UTF_8));
  }

  private void forward(Record<byte[], byte[]> record, String key, Screened<ReviewEvent> screened) {
    // The original carries the headers from here on; what Weir writes has none of them.
    context.forward(new Record<>(key, screened, record.timestamp()));
  }
}
