package dev.weir.curation.deadletter;

import dev.weir.common.event.InputPosition;
import dev.weir.common.event.Parsed;
import dev.weir.common.ops.LoggedText;
import dev.weir.common.topic.DeadLetter;
import dev.weir.common.topic.Topics;
import dev.weir.common.trace.TraceAttributes;
import dev.weir.common.trace.Tracing;
import dev.weir.curation.deadletter.Screened.Refused;
import dev.weir.curation.meter.CurationMeters;
import io.micrometer.core.instrument.MeterRegistry;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.StatusCode;
import java.util.Arrays;
import java.util.List;
import org.apache.kafka.common.header.Header;
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
 * must not have its dead letters deleted by retention at once. A record over the limit of the
 * dead-letter topic (only compression lets such a one in) loses its own headers, then the end of
 * its value; the message says so and the position tells where the whole of it is.
 */
public final class DeadLetterWriter<T> implements Processor<String, Screened<T>, byte[], byte[]> {

  private static final Logger LOG = LoggerFactory.getLogger(DeadLetterWriter.class);

  private final MeterRegistry registry;
  private final Tracing tracing;
  private ProcessorContext<byte[], byte[]> context;

  /** Counts into {@code registry}, and traces with {@code tracing}. */
  @SuppressWarnings("NullAway.Init") // init comes before any record
  public DeadLetterWriter(MeterRegistry registry, Tracing tracing) {
    this.registry = registry;
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
    Iterable<Header> headers = original.headers();
    byte[] value = original.value();
    String message = refused.message();
    long room = Topics.MAX_MESSAGE_BYTES - original.sizeBytes();
    if (room < 0) {
      headers = List.of();
      room += original.headerBytes();
      message += " (the dead letter leaves out the record's own headers";
      if (room < 0 && value != null) {
        int kept = (int) Math.max(0, value.length + room);
        message += " and all but the first " + kept + " of " + value.length + " bytes";
        value = Arrays.copyOf(value, kept);
      }
      message += ")";
    }
    CurationMeters.DEAD_LETTERS.counter(registry, refused.reason().code()).increment();
    LOG.debug(
        "{} is a dead letter, {}: {}",
        original.position(),
        refused.reason().code(),
        LoggedText.of(message));
    trace(original, refused.reason());
    context.forward(
        new Record<>(
            original.key(),
            value,
            context.currentSystemTimeMs(),
            DeadLetter.headers(
                headers, refused.reason().code(), message, original.position(), null)));
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
