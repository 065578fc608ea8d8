package dev.weir.curation;

import dev.weir.curation.deadletter.Faults;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.streams.errors.DeserializationExceptionHandler;
import org.apache.kafka.streams.errors.ErrorHandlerContext;
import org.apache.kafka.streams.errors.ProcessingExceptionHandler;
import org.apache.kafka.streams.errors.ProductionExceptionHandler;
import org.apache.kafka.streams.processor.api.Record;
import org.jspecify.annotations.Nullable;

/**
 * Kafka Streams' handlers of exceptions: a record that our code fails on becomes a dead letter
 * within its transaction, and the stream goes on; every other fault ends the thread, and {@link
 * FaultPolicy} decides.
 *
 * <p>Stateless; {@link RecordFaults} does the work. Public for Kafka Streams, which makes them by
 * name.
 */
public final class LastResort {

  private LastResort() {}

  /** For bytes that a source topic's serde cannot read. */
  public static final class OfDeserialization implements DeserializationExceptionHandler {

    private @Nullable RecordFaults faults;

    /** For Kafka Streams. */
    public OfDeserialization() {}

    @Override
    public void configure(Map<String, ?> configs) {
      faults = faults(configs);
    }

    @Override
    public DeserializationExceptionHandler.Response handleError(
        ErrorHandlerContext at, ConsumerRecord<byte[], byte[]> record, Exception fault) {
      // Whatever a serde throws, the bytes are what it read.
      return DeserializationExceptionHandler.Response.resume(
          List.of(Objects.requireNonNull(faults).deserialization(at, fault)));
    }
  }

  /** For exceptions of processors and punctuators. */
  public static final class OfProcessing implements ProcessingExceptionHandler {

    private @Nullable RecordFaults faults;

    /** For Kafka Streams. */
    public OfProcessing() {}

    @Override
    public void configure(Map<String, ?> configs) {
      faults = faults(configs);
    }

    @Override
    public ProcessingExceptionHandler.Response handleError(
        ErrorHandlerContext at, Record<?, ?> record, Exception fault) {
      RecordFaults to = Objects.requireNonNull(faults);
      if (!Faults.ofRecord(fault)) {
        return ProcessingExceptionHandler.Response.fail();
      }
      Object value = record == null ? null : record.value();
      if (at.topic() == null && !RecordFaults.carriesOriginal(value)) {
        to.punctuation(at, fault);
        return ProcessingExceptionHandler.Response.resume();
      }
      return ProcessingExceptionHandler.Response.resume(List.of(to.processing(at, value, fault)));
    }
  }

  /** For records that cannot be serialised, or that a topic refuses. */
  public static final class OfProduction implements ProductionExceptionHandler {

    private @Nullable RecordFaults faults;

    /** For Kafka Streams. */
    public OfProduction() {}

    @Override
    public void configure(Map<String, ?> configs) {
      faults = faults(configs);
    }

    @Override
    public ProductionExceptionHandler.Response handleError(
        ErrorHandlerContext at, ProducerRecord<byte[], byte[]> product, Exception fault) {
      if (Faults.refused(fault)) {
        Objects.requireNonNull(faults).production(product, fault);
      }
      return fault instanceof RetriableException
          ? ProductionExceptionHandler.Response.retry()
          : ProductionExceptionHandler.Response.fail();
    }

    @Override
    @SuppressWarnings("rawtypes") // Kafka's signature
    public ProductionExceptionHandler.Response handleSerializationError(
        ErrorHandlerContext at,
        ProducerRecord product,
        Exception fault,
        SerializationExceptionOrigin origin) {
      boolean known = at.topic() != null || RecordFaults.carriesOriginal(product.value());
      if (!Faults.ofRecord(fault) || !known) {
        return ProductionExceptionHandler.Response.fail();
      }
      return ProductionExceptionHandler.Response.resume(
          List.of(Objects.requireNonNull(faults).processing(at, product.value(), fault)));
    }
  }

  private static RecordFaults faults(Map<String, ?> configs) {
    return (RecordFaults) Objects.requireNonNull(configs.get(RecordFaults.PROPERTY));
  }
}
