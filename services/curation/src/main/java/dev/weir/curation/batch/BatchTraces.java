package dev.weir.curation.batch;

import dev.weir.contract.event.Example;
import dev.weir.contract.event.InputPosition;
import dev.weir.contract.event.TrainingBatch;
import dev.weir.contract.topic.Topics;
import dev.weir.curation.deadletter.Original;
import dev.weir.curation.resolve.LabeledText.ServedAnswer;
import dev.weir.service.trace.TraceAttributes;
import dev.weir.service.trace.Tracing;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.context.Context;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.jspecify.annotations.Nullable;

/**
 * The spans of curation. An example belongs to its feedback's trace and is linked to the trace that
 * its review was answered in; a batch has a trace of its own, linked to those of its examples,
 * which training and release continue. Under exactly-once the spans of an aborted transaction's
 * records are made again. Thread-safe.
 */
public final class BatchTraces {

  private final Tracing tracing;
  private final Topics topics;

  /** Traces with {@code tracing}. */
  public BatchTraces(Tracing tracing, Topics topics) {
    this.tracing = tracing;
    this.topics = topics;
  }

  /** The headers of an example's record. */
  Headers example(Original original, Example example, @Nullable ServedAnswer served) {
    Headers headers = new RecordHeaders();
    if (tracing.concerns(original.headers())) {
      InputPosition at = original.position();
      SpanBuilder builder =
          tracing
              .process(at.topic(), at.partition(), at.offset(), Tracing.context(original.headers()))
              .setAttribute(TraceAttributes.OUTCOME, "example")
              .setAttribute(TraceAttributes.ADAPTER, example.adapter())
              .setAttribute(TraceAttributes.BATCH, example.batchId());
      if (example.reviewId() != null) {
        builder.setAttribute(TraceAttributes.REVIEW, example.reviewId());
      }
      SpanContext answered = Tracing.read(served == null ? null : served.trace());
      if (answered.isValid()) {
        builder.addLink(answered);
      }
      Span span = builder.startSpan();
      span.end();
      Tracing.into(span, headers);
    }
    return headers;
  }

  /** The headers of a manifest's record. */
  Headers batch(TrainingBatch batch, Iterable<String> examples) {
    Headers headers = new RecordHeaders();
    if (tracing.recording()) {
      SpanBuilder builder =
          tracing
              .send(topics.trainingBatches(), Context.root())
              .setAttribute(TraceAttributes.ADAPTER, batch.adapter())
              .setAttribute(TraceAttributes.BATCH, batch.id())
              .setAttribute(TraceAttributes.BATCH_SIZE, (long) batch.size());
      examples.forEach(written -> builder.addLink(Tracing.read(written)));
      Span span = builder.startSpan();
      span.end();
      Tracing.into(span, headers);
    }
    return headers;
  }
}
