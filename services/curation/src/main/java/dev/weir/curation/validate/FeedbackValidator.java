package dev.weir.curation.validate;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.weir.contract.event.EventReader;
import dev.weir.contract.event.Feedback;
import dev.weir.contract.event.Parsed;
import dev.weir.contract.event.Parsed.Accepted;
import dev.weir.contract.event.Parsed.Reason;
import dev.weir.contract.event.Parsed.Rejected;
import dev.weir.contract.fault.Digests;
import dev.weir.curation.deadletter.KnownFaults;
import dev.weir.curation.deadletter.Letter;
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

  private final KnownFaults faults;
  private ProcessorContext<String, Screened<ReviewEvent>> context;

  /** Refuses also what {@code faults} names. */
  @SuppressWarnings("NullAway.Init") // init comes before any record
  public FeedbackValidator(KnownFaults faults) {
    this.faults = faults;
  }

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

  private Parsed<Feedback> read(Original original) {
    String cut = Cut.of(original.headers());
    if (cut != null || original.sizeBytes() > Letter.MAX_BYTES) {
      return new Rejected<>(
          Reason.RECORD_TOO_LARGE,
          "the record has %s before compression, at most %d are accepted; leave out what is not feedback"
              .formatted(cut == null ? original.sizeBytes() + " bytes" : cut, Letter.MAX_BYTES));
    }
    String known = faults.why(original.position());
    if (known != null) {
      return new Rejected<>(Reason.INTERNAL_ERROR, known);
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
