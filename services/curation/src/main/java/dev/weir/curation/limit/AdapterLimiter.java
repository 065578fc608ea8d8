package dev.weir.curation.limit;

import dev.weir.contract.event.AdapterCatalog;
import dev.weir.contract.event.Parsed.Reason;
import dev.weir.curation.batch.BatchAssembler;
import dev.weir.curation.deadletter.ReadableSerde;
import dev.weir.curation.deadletter.Screened;
import dev.weir.curation.deadletter.Screened.Passed;
import dev.weir.curation.deadletter.Screened.Refused;
import dev.weir.curation.resolve.Candidate;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Refuses feedback for a new adapter where there are too many: with {@code *} in the catalog
 * anybody can invent names, and each name has an open batch, live accuracies and meters.
 *
 * <p>Declared adapters always pass.
 */
public final class AdapterLimiter
    implements Processor<String, Candidate, String, Screened<Candidate>> {

  /** Adapters per task, that is, per partition of the topic keyed by adapter. */
  public static final int MAX_ADAPTERS = 256;

  private final AdapterCatalog catalog;
  private final int max;
  private ProcessorContext<String, Screened<Candidate>> context;
  private KeyValueStore<String, ?> open;

  /** Lets the declared adapters of {@code catalog} pass, and {@code max} others. */
  @SuppressWarnings("NullAway.Init") // init comes before any record
  public AdapterLimiter(AdapterCatalog catalog, int max) {
    this.catalog = catalog;
    this.max = max;
  }

  @Override
  public void init(ProcessorContext<String, Screened<Candidate>> context) {
    this.context = context;
    open = context.getStateStore(BatchAssembler.STORE);
  }

  @Override
  public void process(Record<String, Candidate> record) {
    Candidate candidate = record.value();
    if (candidate == null) {
      context.forward(
          new Record<>(
              "",
              ReadableSerde.refused(record, context.recordMetadata().orElseThrow()),
              record.timestamp()));
      return;
    }
    String adapter = candidate.labeled().adapter();
    if (catalog.names().contains(adapter)
        || open.approximateNumEntries() < max
        || open.get(adapter) != null) {
      context.forward(record.withValue(new Passed<>(candidate)));
      return;
    }
    String message =
        "adapter '%s' is new, and %d undeclared ones are kept already; name it in WEIR_ADAPTERS, or use one of those that exist"
            .formatted(adapter, max);
    context.forward(
        record.withValue(new Refused<>(candidate.original(), Reason.TOO_MANY_ADAPTERS, message)));
  }
}
