package dev.weir.curation;

import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.Example;
import dev.weir.contract.event.InputPosition;
import dev.weir.contract.event.Parsed.Reason;
import dev.weir.contract.topic.DeadLetter;
import dev.weir.contract.topic.Topics;
import dev.weir.curation.deadletter.HasOriginal;
import dev.weir.curation.deadletter.KnownFaults;
import dev.weir.curation.deadletter.Letter;
import dev.weir.curation.deadletter.Original;
import dev.weir.curation.deadletter.Screened.Passed;
import dev.weir.curation.meter.CurationMeters;
import dev.weir.curation.resolve.CandidateSerde;
import dev.weir.curation.resolve.ReviewEventSerde;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.InstantSource;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.streams.errors.ErrorHandlerContext;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the dead letter of a record that our own code failed on, with the reason {@link
 * Reason#INTERNAL_ERROR}: a defect of ours costs one record, not the stream.
 *
 * <p>Past the first repartition a record of Kafka Streams has no original bytes; the {@link
 * Original} that travels along has them. Thread-safe; shared by the threads of a process.
 */
final class RecordFaults {

  /** Name of the property that hands this object to the handlers, which Kafka Streams makes. */
  static final String PROPERTY = "weir.record.faults";

  private static final Logger LOG = LoggerFactory.getLogger(RecordFaults.class);
  private static final long LOGGED_IN_FULL_EVERY_MS = 1000;

  private final Topics topics;
  private final MeterRegistry registry;
  private final InstantSource clock;
  private final KnownFaults known;
  private final AtomicLong loggedMs = new AtomicLong(Long.MIN_VALUE / 2);

  RecordFaults(Topics topics, MeterRegistry registry, InstantSource clock, KnownFaults known) {
    this.topics = topics;
    this.registry = registry;
    this.clock = clock;
    this.known = known;
  }

  /** The dead letter of a record that a processor failed on. */
  ProducerRecord<byte[], byte[]> processing(
      ErrorHandlerContext at, @Nullable Object value, Exception fault) {
    Original original = original(value);
    if (original == null) {
      original = source(at);
    }
    return letter(original, at.processorNodeId(), fault);
  }

  /** The dead letter of a record that could not be deserialised. */
  ProducerRecord<byte[], byte[]> deserialization(ErrorHandlerContext at, Exception fault) {
    return letter(source(at), at.processorNodeId(), fault);
  }

  /** A punctuator failed: no record is to blame, and its next call goes on. */
  void punctuation(ErrorHandlerContext at, Exception fault) {
    count(at.processorNodeId());
    log(at.processorNodeId() + ", task " + at.taskId(), fault);
  }

  /**
   * The product of a record was refused. The transaction will be aborted and its input read again;
   * then {@link KnownFaults} names the record.
   */
  void production(ProducerRecord<byte[], byte[]> product, Exception fault) {
    String why = "what is made of it is refused by " + product.topic() + ": " + fault.getMessage();
    String letterOf = DeadLetter.header(product.headers(), DeadLetter.SOURCE);
    InputPosition position = letterOf == null ? positionOf(product) : position(letterOf);
    if (position == null) {
      LOG.error("a record of {} is refused, and not known whose it is", product.topic(), fault);
    } else if (letterOf != null) {
      known.letterRefused(position, why);
    } else {
      known.refused(position, why);
    }
    count("production");
  }

  private ProducerRecord<byte[], byte[]> letter(Original original, String where, Exception fault) {
    String message =
        "Weir failed on this record at '"
            + where
            + "': "
            + fault
            + "; this is a defect: report it with the log's stack trace, then produce the record"
            + " again with a version that mends it";
    count(where);
    CurationMeters.DEAD_LETTERS.counter(registry, Reason.INTERNAL_ERROR.code()).increment();
    log(original.position() + " at " + where, fault);
    Letter letter = Letter.of(original, Reason.INTERNAL_ERROR.code(), message, fault);
    String input =
        original.position().topic().equals(topics.reviews()) ? topics.reviews() : topics.feedback();
    return new ProducerRecord<>(
        topics.deadLetters(input),
        null,
        clock.millis(),
        letter.key(),
        letter.value(),
        letter.headers());
  }

  private void count(String where) {
    CurationMeters.INTERNAL_ERRORS.counter(registry, where).increment();
  }

  private void log(String what, Exception fault) {
    long now = clock.millis();
    long last = loggedMs.get();
    if (now - last >= LOGGED_IN_FULL_EVERY_MS && loggedMs.compareAndSet(last, now)) {
      LOG.error("internal error at {}; the stream goes on", what, fault);
    } else {
      LOG.warn("internal error at {}: {}", what, fault.toString());
    }
  }

  private Original source(ErrorHandlerContext at) {
    byte[] value = at.sourceRawValue();
    Original carried = value == null ? null : carried(at.topic(), value);
    if (carried != null) {
      return carried;
    }
    return Original.of(
        at.sourceRawKey(),
        value,
        at.headers() == null ? new RecordHeaders() : at.headers(),
        new InputPosition(String.valueOf(at.topic()), at.partition(), at.offset()),
        at.timestamp());
  }

  /** Whether a value tells whose it is, also where a timer forwards it. */
  static boolean carriesOriginal(@Nullable Object value) {
    return original(value) != null;
  }

  private static @Nullable Original original(@Nullable Object value) {
    if (value instanceof Passed<?> passed) {
      return original(passed.value());
    }
    return value instanceof HasOriginal carrier ? carrier.original() : null;
  }

  /** The original inside the bytes of a repartition topic. */
  private static @Nullable Original carried(String topic, byte[] value) {
    try {
      if (topic.endsWith(CurationTopology.BY_REVIEW + "-repartition")) {
        return original(new ReviewEventSerde().deserializer().deserialize(topic, value));
      }
      if (topic.endsWith(CurationTopology.BY_ADAPTER + "-repartition")) {
        return original(new CandidateSerde().deserializer().deserialize(topic, value));
      }
    } catch (RuntimeException e) {
      LOG.debug("a record of {} has no original that can be read", topic, e);
    }
    return null;
  }

  private @Nullable InputPosition positionOf(ProducerRecord<byte[], byte[]> product) {
    if (product.value() == null) {
      return null;
    }
    Original carried = carried(product.topic(), product.value());
    if (carried != null) {
      return carried.position();
    }
    if (product.topic().equals(topics.examples())) {
      try {
        return EventJson.read(product.value(), Example.class).feedback();
      } catch (RuntimeException e) {
        LOG.debug("an example cannot be read", e);
      }
    }
    return null;
  }

  /** Reads {@link InputPosition}'s own form. */
  private static @Nullable InputPosition position(String written) {
    int at = written.lastIndexOf('@');
    int dash = written.lastIndexOf('-', at);
    if (dash < 0 || at < 0) {
      return null;
    }
    return new InputPosition(
        written.substring(0, dash),
        Integer.parseInt(written.substring(dash + 1, at)),
        Long.parseLong(written.substring(at + 1)));
  }
}
