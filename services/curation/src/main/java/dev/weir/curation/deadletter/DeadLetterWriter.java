package dev.weir.curation.deadletter;

import dev.weir.contract.event.InputPosition;
import dev.weir.contract.event.Parsed;
import dev.weir.curation.deadletter.Screened.Refused;
import dev.weir.curation.meter.CurationMeters;
import dev.weir.service.ops.LoggedText;
import dev.weir.service.trace.TraceAttributes;
import dev.weir.service.trace.Tracing;
import io.micrometer.core.instrument.MeterRegistry;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.StatusCode;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns refused feedback into the dead letter: original key, value and headers, and the reason in
 * further headers.
 *
 * <p>Its timestamp is the time of writing, not the original's: a producer that writes ancient times
 * must not have its dead letters deleted by retention at once. A record over {@link
 * Letter#MAX_BYTES} becomes a stub.
 */
public final class DeadLetterWriter<T> implements Processor<String, Screened<T>, byte[], byte[]> {

  private static final Logger LOG = LoggerFactory.getLogger(DeadLetterWriter.class);

  private final MeterRegistry registry;
  private final Tracing tracing;
  private final KnownFaults faults;
  private ProcessorContext<byte[], byte[]> context;

  /** Counts into {@code registry}, and traces with {@code tracing}. */
  @SuppressWarnings("NullAway.Init") // init comes before any record
  public DeadLetterWriter(MeterRegistry registry, Tracing tracing, KnownFaults faults) {
    this.registry = registry;
    this.faults = faults;
    this.tracing = tracing;
  }

  @Override
  public void init(ProcessorContext<byte[], byte[]> context) {
    this.context = context;
  }

  @Override
  @SuppressWarnings("NullAway") // Kafka's keys and values may be null
  public void process(Record<String, Screened<T>> record) {
    if (!(record.value() instanceof Refused<T> refused)) {
      return;
    }
    Original original = refused.original();
    boolean stub = original.sizeBytes() > Letter.MAX_BYTES || faults.needsStub(original.position());
    Letter letter = Letter.of(original, refused.reason().code(), refused.message(), null, stub);
    CurationMeters.DEAD_LETTERS.counter(registry, refused.reason().code()).increment();
    if (refused.reason() == Parsed.Reason.INTERNAL_ERROR) {
      CurationMeters.INTERNAL_ERRORS.counter(registry, "resolve").increment();
      LOG.error("{} is a dead letter: {}", original.position(), refused.message());
    }
    LOG.debug(
        "{} is a dead letter, {}: {}",
        original.position(),
        refused.reason().code(),
        LoggedText.of(refused.message()));
    trace(original, refused.reason());
    context.forward(
        new Record<>(
            letter.key(), letter.value(), context.currentSystemTimeMs(), letter.headers()));
  }

  /** In the feedback's own trace; the dead letter keeps the headers that it came with. */
  private void trace(Original original, Parsed.Reason reason) {
    if (tracing.recording()) {
      InputPosition at = original.position();
      Span span =
          tracing
              .process(at.topic(), at.partition(), at.offset(), Tracing.context(original.headers()))
              .setAttribute(TraceAttributes.OUTCOME, "dead-letter")
              .setAttribute(TraceAttributes.ERROR_TYPE, reason.code())
              .startSpan();
      span.setStatus(StatusCode.ERROR);
      span.end();
    }
  }
}
