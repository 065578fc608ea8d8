package dev.weir.inference.stream;

import dev.weir.contract.event.Classification;
import dev.weir.contract.event.Classification.Abstention;
import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.InputPosition;
import dev.weir.contract.event.LabelRequest;
import dev.weir.contract.event.Review;
import dev.weir.contract.topic.DeadLetter;
import dev.weir.contract.topic.Topics;
import dev.weir.inference.score.Answer;
import dev.weir.service.ops.LoggedText;
import dev.weir.service.trace.Tracing;
import io.opentelemetry.api.trace.Span;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns a scored batch into records: one classification per review, one more where a shadow scored
 * it, one dead letter per record that is none, and label requests. Stateless.
 */
final class BatchOutputs {

  private static final Logger LOG = LoggerFactory.getLogger(BatchOutputs.class);

  private final StreamConfig config;
  private final StreamMeters meters;
  private final ReviewTraces traces;
  private final Clock clock;

  BatchOutputs(StreamConfig config, StreamMeters meters, Tracing tracing, Clock clock) {
    this.traces = new ReviewTraces(tracing);
    this.config = config;
    this.meters = meters;
    this.clock = clock;
  }

  /**
   * What one record of the reviews topic gives.
   *
   * @param record the record
   * @param records what is written for it: all of it, with the commit of its offset, or nothing
   */
  record Output(
      ConsumerRecord<byte[], byte[]> record, List<ProducerRecord<byte[], byte[]>> records) {}

  /**
   * What to write, by record, in the order of their offsets; {@code answers} belongs to {@link
   * ReviewBatch#good}, in its order. A record that our own code fails on is a dead letter.
   */
  List<Output> outputs(ReviewBatch batch, List<Answer> answers) {
    List<Output> outputs = new ArrayList<>(batch.size());
    Instant now = clock.instant();
    double latencyMs = batch.latencyMs();
    Instant readAt = now.minusNanos((long) (latencyMs * 1e6));
    for (int i = 0; i < batch.good().size(); i++) {
      ReviewBatch.Good good = batch.good().get(i);
      Answer answer = answers.get(i);
      List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>(1);
      try {
        answered(good, answer, latencyMs, now, readAt, records);
      } catch (RuntimeException e) {
        LOG.error("{} cannot be answered: a defect", ReviewBatch.position(good.record()), e);
        records.clear();
        records.add(defect(good.record(), e));
      }
      outputs.add(new Output(good.record(), records));
    }
    for (ReviewBatch.Bad bad : batch.bad()) {
      List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>(1);
      try {
        traces.refused(bad.record(), bad.reason(), readAt);
        records.add(deadLetter(bad.record(), bad.reason(), bad.message(), bad.cause()));
      } catch (RuntimeException e) {
        LOG.error("{} cannot be refused: a defect", ReviewBatch.position(bad.record()), e);
        records.add(bareDefect(bad.record(), e));
      }
      outputs.add(new Output(bad.record(), records));
    }
    outputs.sort(Comparator.comparingLong(output -> output.record().offset()));
    return outputs;
  }

  private void answered(
      ReviewBatch.Good good,
      Answer answer,
      double latencyMs,
      Instant now,
      Instant readAt,
      List<ProducerRecord<byte[], byte[]>> records) {
    if (answer instanceof Answer.Failed failed) {
      traces.refused(good.record(), failed.reason(), readAt);
      records.add(
          deadLetter(
              good.record(),
              failed.reason(),
              failed.reason().equals(Answer.Failed.INTERNAL_ERROR)
                  ? "scoring this text failed, a defect: " + failed.cause()
                  : "the model failed on this text alone: "
                      + failed.cause()
                      + "; produce it again once the cause is mended",
              failed.cause()));
      return;
    }
    records.add(classification(config.topics().classifications(), good, answer, latencyMs, now));
    if (answer instanceof Answer.Scored scored) {
      if (scored.shadow() != null) {
        String topic = config.topics().shadowClassifications();
        records.add(classification(topic, good, scored.shadow(), latencyMs, now));
      }
      if (scored.margin() < config.labelRequestMargin()) {
        records.add(labelRequest(good.review(), scored, now));
      }
    }
    Span span = traces.answered(good, answer, readAt);
    records.forEach(record -> Tracing.into(span, record.headers()));
    meters.answered(now.toEpochMilli(), good.record().timestamp());
  }

  /** The dead letter of a record that code of ours, or the broker, fails on. */
  ProducerRecord<byte[], byte[]> defect(
      ConsumerRecord<byte[], byte[]> record, RuntimeException cause) {
    try {
      return deadLetter(
          record,
          Answer.Failed.INTERNAL_ERROR,
          "answering this review failed, a defect: " + cause,
          cause);
    } catch (RuntimeException e) {
      return bareDefect(record, cause);
    }
  }

  /** The same without anything of the record but its position: that can always be written. */
  ProducerRecord<byte[], byte[]> bareDefect(
      ConsumerRecord<byte[], byte[]> record, RuntimeException cause) {
    meters.deadLettered(Answer.Failed.INTERNAL_ERROR);
    InputPosition source = ReviewBatch.position(record);
    Headers headers =
        DeadLetter.headers(
            List.of(),
            Answer.Failed.INTERNAL_ERROR,
            "neither an answer nor the record itself could be written, which stays at " + source,
            source,
            cause);
    return new ProducerRecord<>(
        config.topics().deadLetters(record.topic()), null, null, null, null, headers);
  }

  private ProducerRecord<byte[], byte[]> classification(
      String topic, ReviewBatch.Good good, Answer answer, double latencyMs, Instant now) {
    Review review = good.review();
    InputPosition input = ReviewBatch.position(good.record());
    Classification classification;
    if (answer instanceof Answer.Scored scored) {
      classification =
          scored.classification(review.id(), config.baseDigest(), input, latencyMs, now);
    } else {
      Answer.Abstained abstained = (Answer.Abstained) answer;
      classification =
          new Classification(
              review.id(),
              review.adapter(),
              null,
              null,
              config.baseDigest(),
              null,
              Map.of(),
              true,
              new Abstention(abstained.code(), abstained.message()),
              input,
              latencyMs,
              now);
    }
    return new ProducerRecord<>(topic, utf8(review.id()), EventJson.write(classification));
  }

  private ProducerRecord<byte[], byte[]> labelRequest(
      Review review, Answer.Scored scored, Instant now) {
    LabelRequest request =
        new LabelRequest(
            review.id(),
            review.adapter(),
            scored.id().version(),
            review.text(),
            LabelRequest.Reason.LOW_MARGIN,
            scored.margin(),
            now);
    meters.labelRequested();
    return new ProducerRecord<>(
        config.topics().labelRequests(), utf8(review.id()), EventJson.write(request));
  }

  private ProducerRecord<byte[], byte[]> deadLetter(
      ConsumerRecord<byte[], byte[]> record,
      String reason,
      String message,
      @Nullable Throwable cause) {
    meters.deadLettered(reason);
    LOG.debug(
        "{} is a dead letter, {}: {}",
        ReviewBatch.position(record),
        reason,
        LoggedText.of(message));
    String topic = config.topics().deadLetters(record.topic());
    InputPosition source = ReviewBatch.position(record);
    if (size(record) <= Topics.MAX_MESSAGE_BYTES) {
      Headers headers =
          timed(record, DeadLetter.headers(record.headers(), reason, message, source, cause));
      return new ProducerRecord<>(topic, null, null, record.key(), record.value(), headers);
    }
    // It came compressed and is larger than the dead-letter topic may take: the stream must not
    // stop at it, and the original is still where it was.
    String without =
        message
            + "; its %d bytes with headers are over the limit of %d, they stay at %s"
                .formatted(size(record), Topics.MAX_MESSAGE_BYTES, source);
    Headers headers = timed(record, DeadLetter.headers(List.of(), reason, without, source, cause));
    return new ProducerRecord<>(topic, null, null, null, null, headers);
  }

  /** The dead letter has the time of writing: the original's may be years away. */
  private static Headers timed(ConsumerRecord<byte[], byte[]> record, Headers headers) {
    return headers.add(DeadLetter.TIMESTAMP, utf8(Long.toString(record.timestamp())));
  }

  private static long size(ConsumerRecord<byte[], byte[]> record) {
    long size = Math.max(0, record.serializedKeySize());
    size += Math.max(0, record.serializedValueSize());
    for (Header header : record.headers()) {
      size += header.key().length() + (header.value() == null ? 0 : header.value().length);
    }
    return size;
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
