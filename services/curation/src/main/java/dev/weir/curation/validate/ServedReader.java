package dev.weir.curation.validate;

import dev.weir.contract.event.Classification;
import dev.weir.contract.event.InputPosition;
import dev.weir.contract.event.Parsed;
import dev.weir.contract.event.Parsed.Accepted;
import dev.weir.contract.event.Parsed.Rejected;
import dev.weir.curation.resolve.ReviewEvent;
import dev.weir.curation.resolve.ReviewEvent.AnswerServed;
import dev.weir.service.kafka.SkippedRecords;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;

/**
 * Reads classifications for what a verdict may need of them, and forwards them under their review's
 * id. What is not one is skipped, counted and logged: the topic is Weir's own, but nothing keeps
 * others from writing to it.
 */
public final class ServedReader implements Processor<byte[], byte[], String, ReviewEvent> {

  private final SkippedRecords skipped;
  private ProcessorContext<String, ReviewEvent> context;

  /** A reader; {@code init} comes before any record. */
  @SuppressWarnings("NullAway.Init")
  public ServedReader(SkippedRecords skipped) {
    this.skipped = skipped;
  }

  @Override
  public void init(ProcessorContext<String, ReviewEvent> context) {
    this.context = context;
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    Parsed<Classification> read = Classification.read(record.value());
    if (read instanceof Rejected<Classification> bad) {
      RecordMetadata at = context.recordMetadata().orElseThrow();
      skipped.skip(new InputPosition(at.topic(), at.partition(), at.offset()), record.key(), bad);
    } else if (read instanceof Accepted<Classification> good) {
      Classification answer = good.event();
      context.forward(
          record
              .withKey(answer.reviewId())
              .withValue(
                  new AnswerServed(
                      answer.adapter(),
                      answer.version(),
                      answer.abstained() ? null : answer.label(),
                      null)));
    }
  }
}
