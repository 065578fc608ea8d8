package dev.weir.curation.dedup;

import dev.weir.contract.event.Parsed.Reason;
import dev.weir.curation.deadletter.KnownFaults;
import dev.weir.curation.deadletter.Screened;
import dev.weir.curation.deadletter.Screened.Passed;
import dev.weir.curation.deadletter.Screened.Refused;
import dev.weir.curation.meter.CurationMeters;
import dev.weir.curation.resolve.Candidate;
import dev.weir.curation.resolve.LabeledText;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Lets a text pass once per label: drops what an adapter has learned already, and decides what a
 * second opinion on the same text is worth.
 *
 * <pre>
 * unknown text                             → passes
 * same label                               → duplicate
 * other label, policy latest, given later  → passes as a correction
 * other label, policy latest, given before → superseded, dropped like a duplicate
 * other label, policy quarantine           → dead letter
 * </pre>
 */
public final class DeduplicationProcessor
    implements Processor<String, Candidate, String, Screened<NewLabel>> {

  private final ConflictPolicy policy;
  private final KnownFaults faults;
  private final Counter duplicates;
  private final Counter superseded;
  private ProcessorContext<String, Screened<NewLabel>> context;
  private KeyValueStore<String, CuratedText> curated;

  /**
   * A processor.
   *
   * @param policy decides on conflicts
   * @param registry counts duplicates
   * @param faults names records whose examples could not be written
   */
  @SuppressWarnings("NullAway.Init") // init comes before any record
  public DeduplicationProcessor(ConflictPolicy policy, MeterRegistry registry, KnownFaults faults) {
    this.policy = policy;
    this.faults = faults;
    this.duplicates = counter(registry, "same-label");
    this.superseded = counter(registry, "superseded");
  }

  @Override
  public void init(ProcessorContext<String, Screened<NewLabel>> context) {
    this.context = context;
    curated = context.getStateStore(CuratedText.STORE);
  }

  @Override
  public void process(Record<String, Candidate> record) {
    Candidate candidate = record.value();
    LabeledText labeled = candidate.labeled();
    String fault = faults.why(candidate.original().position());
    if (fault != null) {
      context.forward(
          record.withValue(new Refused<>(candidate.original(), Reason.INTERNAL_ERROR, fault)));
      return;
    }
    String key = CuratedText.key(labeled.adapter(), labeled.key());
    CuratedText known = curated.get(key);
    if (known == null && !labeled.key().equals(labeled.textHash())) {
      // An earlier version may have learned it under the hash of its words alone.
      String former = CuratedText.key(labeled.adapter(), labeled.textHash());
      CuratedText formerly = curated.get(former);
      if (formerly != null && formerly.form() == null) {
        key = former;
        known = formerly;
      }
    }
    if (known == null) {
      context.forward(record.withValue(new Passed<>(new NewLabel(candidate, null))));
    } else if (known.label().equals(labeled.label())) {
      duplicates.increment();
      if (labeled.feedbackAt().isAfter(known.feedbackAt())) {
        // Confirmed: only what is said after this may overturn it.
        curated.put(key, known.confirmed(labeled.feedbackAt()));
      }
    } else if (policy == ConflictPolicy.QUARANTINE) {
      String message =
          "the text is known as '%s' since batch %d, this feedback says '%s'; produce only what counts, or set WEIR_CURATION_CONFLICT=latest"
              .formatted(known.label(), known.batch(), labeled.label());
      context.forward(
          record.withValue(new Refused<>(candidate.original(), Reason.CONFLICT, message)));
    } else if (labeled.feedbackAt().isBefore(known.feedbackAt())) {
      superseded.increment();
    } else {
      context.forward(record.withValue(new Passed<>(new NewLabel(candidate, known))));
    }
  }

  private static Counter counter(MeterRegistry registry, String kind) {
    return CurationMeters.DUPLICATES.counter(registry, kind);
  }
}
