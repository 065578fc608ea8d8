package dev.weir.trainer.data;

import dev.weir.contract.event.Parsed;
import dev.weir.service.ops.LoggedText;
import dev.weir.service.ops.MeterSpec;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps one record that cannot be read from stopping the reader of its topic: the record is
 * counted, logged with its position, and left out.
 *
 * <p>Thread-safe.
 */
public final class SkippedRecords {

  /** The counter of all readers. */
  public static final MeterSpec METER =
      MeterSpec.counter(
          "weir.trainer.records.skipped",
          "records of Weir's own topics that the trainer left out: reason is unreadable, or"
              + " internal-error for what is a defect",
          "topic",
          "reason");

  private static final Logger LOG = LoggerFactory.getLogger(SkippedRecords.class);
  private static final int MOST_KEY_CHARACTERS = 100;

  /**
   * Records of a reader that each have a line in the log; of later ones each so-many-th has one.
   */
  private static final int LOGGED = 50;

  private static final int LOGGED_THEN_EACH = 1000;

  private final String topic;
  private final MeterRegistry meters;
  private final AtomicLong count = new AtomicLong();

  /** The skipped records of one topic; its counters are there from the start. */
  public SkippedRecords(String topic, MeterRegistry meters) {
    this.topic = topic;
    this.meters = meters;
    METER.counter(meters, topic, "unreadable");
    METER.counter(meters, topic, "internal-error");
  }

  /**
   * Reads a record by {@code reader}; what that throws costs this record alone. A reader must not
   * have taken in half of a record when it throws.
   *
   * @return whether it was read
   */
  public boolean read(ConsumerRecord<byte[], byte[]> record, Runnable reader) {
    try {
      reader.run();
      return true;
    } catch (KafkaException e) {
      throw e; // The broker's trouble, not the record's.
    } catch (RuntimeException e) {
      skip(record, e);
      return false;
    }
  }

  /**
   * The event that was read.
   *
   * @throws IllegalArgumentException if the record is not usable
   * @throws IllegalStateException if Weir itself failed on it
   */
  public static <T> T whole(Parsed<T> parsed) {
    if (parsed instanceof Parsed.Rejected<T> rejected) {
      String problem = rejected.reason().code() + ": " + rejected.message();
      throw rejected.reason() == Parsed.Reason.INTERNAL_ERROR
          ? new IllegalStateException(problem)
          : new IllegalArgumentException(problem);
    }
    return ((Parsed.Accepted<T>) parsed).event();
  }

  /** Counts and logs a record that is left out. */
  public void skip(ConsumerRecord<byte[], byte[]> record, RuntimeException why) {
    boolean unreadable =
        why instanceof UncheckedIOException
            || why instanceof IllegalArgumentException
            || why instanceof NullPointerException;
    String reason = unreadable ? "unreadable" : "internal-error";
    METER.counter(meters, topic, reason).increment();
    long number = count.incrementAndGet();
    if (number > LOGGED && number % LOGGED_THEN_EACH != 0) {
      return; // A topic full of such records must not fill the log as well.
    }
    String position = record.topic() + "-" + record.partition() + "@" + record.offset();
    if (unreadable) {
      LOG.warn(
          "{} under key '{}' cannot be read and is left out: {}",
          position,
          printable(record.key()),
          LoggedText.of(why));
    } else {
      LOG.error(
          "internal-error: {} under key '{}' is left out; report this as a defect",
          position,
          printable(record.key()),
          why);
    }
  }

  /** A key as it may stand in a log line: bounded, without control signs. */
  static String printable(byte @Nullable [] key) {
    if (key == null) {
      return "";
    }
    String text = new String(key, StandardCharsets.UTF_8);
    StringBuilder printed = new StringBuilder();
    for (int i = 0; i < Math.min(text.length(), MOST_KEY_CHARACTERS); i++) {
      char c = text.charAt(i);
      if (c >= ' ' && c < 127 && c != '\\') {
        printed.append(c);
      } else {
        printed.append(String.format("\\u%04x", (int) c));
      }
    }
    return printed.append(text.length() > MOST_KEY_CHARACTERS ? "…" : "").toString();
  }
}
