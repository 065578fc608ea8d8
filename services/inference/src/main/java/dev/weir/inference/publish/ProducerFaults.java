package dev.weir.inference.publish;

import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.errors.InvalidTimestampException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.SerializationException;

/** Tells what the failure of a send says of its {@link Producer}. Stateless. */
public final class ProducerFaults {

  private ProducerFaults() {}

  /** Whether the record is at fault, and others may be written. */
  public static boolean ofTheRecord(Throwable failure) {
    return failure instanceof RecordTooLargeException
        || failure instanceof SerializationException
        || failure instanceof InvalidTimestampException
        || failure instanceof InvalidRecordException;
  }

  /**
   * Whether the producer may fail for ever now (it was fenced, its thread has ended, something was
   * refused for good) and another one is to take its place.
   */
  public static boolean forGood(Throwable failure) {
    return !(failure instanceof RetriableException) && !ofTheRecord(failure);
  }
}
