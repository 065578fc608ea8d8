package dev.weir.inference.stream;

import dev.weir.inference.score.Answer;
import dev.weir.service.trace.TraceAttributes;
import dev.weir.service.trace.Tracing;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.StatusCode;
import java.time.Instant;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * The span of each review on Kafka, from being read to having its answer; a part of the trace that
 * the review's headers name. Nothing is done for reviews without one while nothing is traced.
 */
final class ReviewTraces {

  private final Tracing tracing;

  ReviewTraces(Tracing tracing) {
    this.tracing = tracing;
  }

  /** Its answer's records belong to the span that is returned. */
  Span answered(ReviewBatch.Good good, Answer answer, Instant readAt) {
    ConsumerRecord<byte[], byte[]> record = good.record();
    if (!tracing.concerns(record.headers())) {
      return Span.getInvalid();
    }
    SpanBuilder builder =
        begin(record, readAt)
            .setAttribute(TraceAttributes.REVIEW, good.review().id())
            .setAttribute(TraceAttributes.ADAPTER, good.review().adapter());
    if (answer instanceof Answer.Scored scored) {
      builder
          .setAttribute(TraceAttributes.VERSION, (long) scored.id().version())
          .setAttribute(
              TraceAttributes.OUTCOME,
              scored.abstention().map(Answer.Abstained::code).orElse("answered"));
    } else if (answer instanceof Answer.Abstained abstained) {
      builder.setAttribute(TraceAttributes.OUTCOME, abstained.code());
    }
    Span span = builder.startSpan();
    span.end();
    return span;
  }

  /** The record keeps its own headers in the dead-letter topic. */
  void refused(ConsumerRecord<byte[], byte[]> record, String reason, Instant readAt) {
    if (tracing.recording()) {
      Span span =
          begin(record, readAt)
              .setAttribute(TraceAttributes.OUTCOME, "dead-letter")
              .setAttribute(TraceAttributes.ERROR_TYPE, reason)
              .startSpan();
      span.setStatus(StatusCode.ERROR);
      span.end();
    }
  }

  private SpanBuilder begin(ConsumerRecord<byte[], byte[]> record, Instant readAt) {
    return tracing
        .process(
            record.topic(), record.partition(), record.offset(), Tracing.context(record.headers()))
        .setStartTimestamp(readAt);
  }
}
