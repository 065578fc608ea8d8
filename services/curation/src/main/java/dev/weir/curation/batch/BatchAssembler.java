package dev.weir.curation.batch;

import dev.weir.contract.event.AdapterCatalog;
import dev.weir.contract.event.Example;
import dev.weir.contract.event.LabelScheme;
import dev.weir.contract.event.TrainingBatch;
import dev.weir.contract.event.TrainingBatch.CloseReason;
import dev.weir.contract.topic.EventSerde;
import dev.weir.curation.batch.Assembled.Added;
import dev.weir.curation.batch.Assembled.Closed;
import dev.weir.curation.batch.Assembled.Forgotten;
import dev.weir.curation.deadletter.Faults;
import dev.weir.curation.dedup.CuratedText;
import dev.weir.curation.dedup.NewLabel;
import dev.weir.curation.live.LiveAccuracy;
import dev.weir.curation.resolve.Candidate;
import dev.weir.curation.resolve.LabeledText;
import dev.weir.curation.split.HoldoutSplit;
import dev.weir.service.trace.LogContext;
import dev.weir.service.trace.Tracing;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts each new label into the open batch of its adapter, and closes batches.
 *
 * <pre>
 *           first example            count, or age with minimum,
 * empty ─────────────────────► open ─────or accuracy drop──────► manifest; next sequence, empty
 *                              ▲  │ further example, correction
 *                              └──┘
 * </pre>
 *
 * <p>Examples leave at once; the manifest follows in the same transaction or a later one. So who
 * reads committed records and has seen a manifest can find all of its examples. A correction of a
 * text whose batch is still open replaces it there; of one whose batch is closed, it joins the open
 * batch.
 */
public final class BatchAssembler implements Processor<String, NewLabel, String, Assembled> {

  /** Store of open batches by adapter. */
  public static final String STORE = "open-batches";

  private static final Logger LOG = LoggerFactory.getLogger(BatchAssembler.class);

  private final AdapterCatalog catalog;
  private final HoldoutSplit split;
  private final BatchPolicy policy;
  private final Duration checkEvery;
  private final BatchNumbers numbers;
  private final BatchMeters meters;
  private final BatchTraces traces;
  private final Set<String> shown = new HashSet<>();
  private ProcessorContext<String, Assembled> context;
  private KeyValueStore<String, OpenBatch> open;
  private KeyValueStore<String, CuratedText> curated;
  private KeyValueStore<String, LiveAccuracy> accuracies;

  /**
   * An assembler.
   *
   * @param catalog the adapters' labels
   * @param split the side of each text
   * @param policy when a batch is closed
   * @param checkEvery how often ages are looked at
   * @param numbers the numbers of earlier batches, for an adapter that has no open one
   * @param meters counts examples and batches; shared by the tasks of a process
   * @param traces makes their spans
   */
  @SuppressWarnings("NullAway.Init") // init comes before any record
  public BatchAssembler(
      AdapterCatalog catalog,
      HoldoutSplit split,
      BatchPolicy policy,
      Duration checkEvery,
      BatchNumbers numbers,
      BatchMeters meters,
      BatchTraces traces) {
    this.catalog = catalog;
    this.split = split;
    this.policy = policy;
    this.checkEvery = checkEvery;
    this.numbers = numbers;
    this.meters = meters;
    this.traces = traces;
  }

  /** The form of open batches in the store. */
  public static Serde<?> openBatchSerde() {
    return new EventSerde<>(OpenBatch.class);
  }

  @Override
  public void init(ProcessorContext<String, Assembled> context) {
    this.context = context;
    open = context.getStateStore(STORE);
    curated = context.getStateStore(CuratedText.STORE);
    accuracies = context.getStateStore(LiveAccuracy.STORE);
    try (KeyValueIterator<String, OpenBatch> restored = open.all()) {
      restored.forEachRemaining(entry -> show(entry.key, entry.value));
    }
    context.schedule(checkEvery, PunctuationType.WALL_CLOCK_TIME, this::closeAged);
  }

  @Override
  public void process(Record<String, NewLabel> record) {
    Candidate candidate = record.value().candidate();
    LabeledText labeled = candidate.labeled();
    String adapter = labeled.adapter();
    OpenBatch stored = open.get(adapter);
    OpenBatch batch =
        stored == null ? OpenBatch.empty(numbers.highest(adapter) + 1, split.share()) : stored;
    HoldoutSplit sides = batch.split(split);
    Example example =
        new Example(
            adapter,
            labeled.key(),
            labeled.text(),
            labeled.label(),
            sides.of(labeled.textHash()),
            OpenBatch.id(adapter, batch.sequence()),
            labeled.reviewId(),
            labeled.source(),
            labeled.feedbackAt(),
            candidate.original().position());
    CuratedText corrected = record.value().corrected();
    // A batch counts different texts: one that is corrected while its batch is open stays one.
    String replaced =
        corrected != null && corrected.batch() == batch.sequence() ? corrected.label() : null;
    Instant now = Instant.ofEpochMilli(context.currentSystemTimeMs());
    Headers headers = traces.example(candidate.original(), example, labeled.served());
    batch =
        batch
            .with(example, replaced, labels(adapter, batch, example), sides.share(), now)
            .traced(Tracing.written(headers));
    open.put(adapter, batch);
    if (corrected != null) {
      forgetFormer(record, labeled);
    }
    curated.put(
        CuratedText.key(adapter, labeled.key()),
        new CuratedText(
            labeled.label(),
            labeled.feedbackAt(),
            batch.sequence(),
            labeled.textKey() == null ? null : CuratedText.FORM));
    context.forward(
        record
            .withKey(example.key())
            .withValue(new Added(example, candidate.original()))
            .withHeaders(headers));
    meters.added(example, corrected != null);
    show(adapter, batch);
    closeIfDue(adapter, batch, now);
  }

  /** A correction of what stands under an earlier version's key takes its place. */
  private void forgetFormer(Record<String, NewLabel> record, LabeledText labeled) {
    String key = CuratedText.key(labeled.adapter(), labeled.key());
    String former = CuratedText.key(labeled.adapter(), labeled.textHash());
    if (!key.equals(former) && curated.get(key) == null) {
      curated.delete(former);
      context.forward(record.withKey(former).withValue(new Forgotten()));
    }
  }

  private void show(String adapter, OpenBatch batch) {
    shown.add(adapter);
    meters.open(adapter, batch, policy);
  }

  /** The task moves or ends: its adapters' batches are another's to show. */
  @Override
  public void close() {
    shown.forEach(meters::moved);
    shown.clear();
  }

  private void closeAged(long nowMs) {
    List<KeyValue<String, OpenBatch>> batches = new ArrayList<>();
    try (KeyValueIterator<String, OpenBatch> all = open.all()) {
      all.forEachRemaining(batches::add);
    }
    Instant now = Instant.ofEpochMilli(nowMs);
    for (KeyValue<String, OpenBatch> entry : batches) {
      try {
        closeIfDue(entry.key, entry.value, now);
      } catch (RuntimeException e) {
        // A defect that meets one adapter must not keep the others' batches open.
        if (!Faults.ofRecord(e)) {
          throw e;
        }
        meters.failed();
        LOG.error("the open batch of adapter {} cannot be closed", entry.key, e);
      }
    }
  }

  private void closeIfDue(String adapter, OpenBatch batch, Instant now) {
    LiveAccuracy live = accuracies.get(adapter);
    OptionalDouble accuracy = live == null ? OptionalDouble.empty() : live.current();
    policy.reason(batch, accuracy, now).ifPresent(reason -> close(adapter, batch, reason, now));
  }

  private void close(String adapter, OpenBatch batch, CloseReason reason, Instant now) {
    TrainingBatch manifest = batch.close(adapter, reason, now);
    OpenBatch next = OpenBatch.empty(batch.sequence() + 1, split.share());
    open.put(adapter, next);
    meters.closed(manifest);
    show(adapter, next);
    LogContext about = LogContext.of("batch", manifest.id()).with("adapter", adapter);
    LOG.info("batch {} closed by {} with {} examples", manifest.id(), reason, manifest.size());
    about.close();
    context.forward(
        new Record<>(
            adapter,
            new Closed(manifest),
            now.toEpochMilli(),
            traces.batch(manifest, batch.traces())));
  }

  private List<String> labels(String adapter, OpenBatch batch, Example example) {
    // Undeclared only if the catalog changed while the record was on its way here.
    return catalog
        .scheme(adapter)
        .map(LabelScheme::names)
        .orElse(batch.labels().isEmpty() ? List.of(example.label()) : batch.labels());
  }
}
