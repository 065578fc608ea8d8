package dev.weir.curation.validate;

import dev.weir.contract.event.EventReader;
import dev.weir.contract.event.InputPosition;
import dev.weir.contract.event.Parsed.Accepted;
import dev.weir.contract.event.Review;
import dev.weir.curation.resolve.ReviewEvent;
import dev.weir.curation.resolve.ReviewEvent.ReviewSeen;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;

/**
 * Reads reviews for what feedback may need of them, text and adapter, and forwards them under their
 * id: the one that inference answers under, position included. A bad one is passed over; inference
 * sends it to the dead-letter topic.
 */
public final class ReviewReader implements Processor<byte[], byte[], String, ReviewEvent> {

  private ProcessorContext<String, ReviewEvent> context;

  /** A reader; {@code init} comes before any record. */
  @SuppressWarnings("NullAway.Init")
  public ReviewReader() {}

  @Override
  public void init(ProcessorContext<String, ReviewEvent> context) {
    this.context = context;
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    RecordMetadata at = context.recordMetadata().orElseThrow();
    InputPosition position = new InputPosition(at.topic(), at.partition(), at.offset());
    if (EventReader.review(record.key(), record.value(), position)
        instanceof Accepted<Review> review) {
      ReviewSeen seen = new ReviewSeen(review.event().adapter(), review.event().text());
      // Without its headers: nobody needs them further on, and they may be as large as the text.
      context.forward(new Record<>(review.event().id(), seen, record.timestamp()));
    }
  }
}
