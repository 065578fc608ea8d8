package dev.weir.curation;

import dev.weir.curation.deadletter.HasOriginal;
import dev.weir.curation.deadletter.Screened.Passed;
import dev.weir.curation.resolve.ReviewEvent.ReviewSeen;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
import org.apache.kafka.streams.processor.api.FixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorContext;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorSupplier;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.processor.api.ProcessorWrapper;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.WrappedFixedKeyProcessorSupplier;
import org.apache.kafka.streams.processor.api.WrappedProcessorSupplier;

/**
 * A defect of our own: one step of the topology throws for records with {@link #TRIGGER} in them,
 * after it has done its work or before. Public for Kafka Streams, which makes it by name.
 */
public final class PlantedDefect implements ProcessorWrapper {

  static final String TRIGGER = "planted-defect";

  /** Property: the name of the step that throws. */
  static final String STEP = "weir.test.defect.step";

  /** Property: throw after the step has done its work. */
  static final String AFTER = "weir.test.defect.after";

  private String step = "";
  private boolean after;

  static Map<String, Object> at(String step, boolean after) {
    return Map.of(
        "processor.wrapper.class", PlantedDefect.class.getName(), STEP, step, AFTER, after);
  }

  @Override
  public void configure(Map<String, ?> configs) {
    step = String.valueOf(configs.get(STEP));
    after = Boolean.TRUE.equals(configs.get(AFTER));
  }

  @Override
  public <KI, VI, KO, VO> WrappedProcessorSupplier<KI, VI, KO, VO> wrapProcessorSupplier(
      String name, ProcessorSupplier<KI, VI, KO, VO> supplier) {
    if (!name.equals(step)) {
      return ProcessorWrapper.asWrapped(supplier);
    }
    return ProcessorWrapper.asWrapped(
        new ProcessorSupplier<KI, VI, KO, VO>() {
          @Override
          public Processor<KI, VI, KO, VO> get() {
            return defective(supplier.get());
          }

          @Override
          public java.util.Set<org.apache.kafka.streams.state.StoreBuilder<?>> stores() {
            return supplier.stores();
          }
        });
  }

  @Override
  public <KI, VI, VO> WrappedFixedKeyProcessorSupplier<KI, VI, VO> wrapFixedKeyProcessorSupplier(
      String name, FixedKeyProcessorSupplier<KI, VI, VO> supplier) {
    if (!name.equals(step)) {
      return ProcessorWrapper.asWrappedFixedKey(supplier);
    }
    return ProcessorWrapper.asWrappedFixedKey(
        new FixedKeyProcessorSupplier<KI, VI, VO>() {
          @Override
          public FixedKeyProcessor<KI, VI, VO> get() {
            return defectiveFixed(supplier.get());
          }

          @Override
          public java.util.Set<org.apache.kafka.streams.state.StoreBuilder<?>> stores() {
            return supplier.stores();
          }
        });
  }

  private <KI, VI, KO, VO> Processor<KI, VI, KO, VO> defective(Processor<KI, VI, KO, VO> sound) {
    return new Processor<>() {
      @Override
      public void init(ProcessorContext<KO, VO> context) {
        sound.init(context);
      }

      @Override
      public void process(Record<KI, VI> record) {
        run(record.value(), () -> sound.process(record));
      }

      @Override
      public void close() {
        sound.close();
      }
    };
  }

  private <KI, VI, VO> FixedKeyProcessor<KI, VI, VO> defectiveFixed(
      FixedKeyProcessor<KI, VI, VO> sound) {
    return new FixedKeyProcessor<>() {
      @Override
      public void init(FixedKeyProcessorContext<KI, VO> context) {
        sound.init(context);
      }

      @Override
      public void process(FixedKeyRecord<KI, VI> record) {
        run(record.value(), () -> sound.process(record));
      }

      @Override
      public void close() {
        sound.close();
      }
    };
  }

  private void run(Object value, Runnable work) {
    boolean bad = text(value).contains(TRIGGER);
    if (bad && !after) {
      throw new IllegalStateException("a planted defect");
    }
    work.run();
    if (bad) {
      throw new IllegalStateException("a planted defect");
    }
  }

  private static String text(Object value) {
    if (value instanceof byte[] bytes) {
      return new String(bytes, StandardCharsets.UTF_8);
    }
    if (value instanceof Passed<?> passed) {
      return text(Objects.requireNonNull(passed.value()));
    }
    if (value instanceof HasOriginal carrier) {
      return text(Objects.requireNonNull(carrier.original().value()));
    }
    return value instanceof ReviewSeen review ? review.text() : "";
  }
}
