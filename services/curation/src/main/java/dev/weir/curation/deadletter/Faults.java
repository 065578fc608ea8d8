package dev.weir.curation.deadletter;

import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InvalidTimestampException;
import org.apache.kafka.common.errors.RecordBatchTooLargeException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.streams.errors.StreamsException;

/** Tells a fault that one record brings about from one of the process or its surroundings. */
public final class Faults {

  private Faults() {}

  /**
   * Whether it may be the record's own fault. What Kafka's clients and stores report is not: fenced
   * producers, timeouts, missing rights, a full disk pass, or need somebody who mends them.
   */
  public static boolean ofRecord(Throwable fault) {
    for (Throwable cause = fault; cause != null; cause = cause.getCause()) {
      if (cause instanceof Error || (cause instanceof KafkaException known && !ofRecord(known))) {
        return false;
      }
    }
    return true;
  }

  /** Whether a broker or the producer refused one record for what it is. */
  public static boolean refused(Throwable fault) {
    return fault instanceof RecordTooLargeException
        || fault instanceof RecordBatchTooLargeException
        || fault instanceof InvalidTimestampException;
  }

  private static boolean ofRecord(KafkaException fault) {
    return fault instanceof SerializationException
        || refused(fault)
        // What Kafka Streams makes of a ClassCastException in a processor or a serializer.
        || (fault.getClass() == StreamsException.class
            && fault.getCause() instanceof ClassCastException);
  }
}
