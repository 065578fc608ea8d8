package dev.weir.curation.live;

import dev.weir.curation.resolve.Candidate;
import dev.weir.curation.resolve.LabeledText.ServedAnswer;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.api.FixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorContext;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Compares each labeled text with the answer that was served for it, and passes it on.
 *
 * <p>Stands before deduplication: a duplicate text is still a served answer that was judged.
 */
public final class LiveAccuracyTracker implements FixedKeyProcessor<String, Candidate, Candidate> {

  private final LiveAccuracyGauges gauges;
  private final Map<String, LiveAccuracy> shown = new HashMap<>();
  private FixedKeyProcessorContext<String, Candidate> context;
  private KeyValueStore<String, LiveAccuracy> accuracies;

  /** Shows its figures in {@code gauges}. */
  @SuppressWarnings("NullAway.Init") // init comes before any record
  public LiveAccuracyTracker(LiveAccuracyGauges gauges) {
    this.gauges = gauges;
  }

  @Override
  public void init(FixedKeyProcessorContext<String, Candidate> context) {
    this.context = context;
    accuracies = context.getStateStore(LiveAccuracy.STORE);
    try (KeyValueIterator<String, LiveAccuracy> restored = accuracies.all()) {
      while (restored.hasNext()) {
        KeyValue<String, LiveAccuracy> entry = restored.next();
        show(entry.key, LiveAccuracy.NONE, entry.value);
      }
    }
  }

  @Override
  public void process(FixedKeyRecord<String, Candidate> record) {
    ServedAnswer served = record.value().labeled().served();
    if (served != null) {
      String adapter = record.key();
      LiveAccuracy before = accuracies.get(adapter);
      LiveAccuracy known = before == null ? LiveAccuracy.NONE : before;
      LiveAccuracy now = known.with(served.version(), served.correct());
      accuracies.put(adapter, now);
      show(adapter, known, now);
    }
    context.forward(record);
  }

  /** The task moves or ends: its adapters' figures are another's to show. */
  @Override
  public void close() {
    shown.forEach((adapter, last) -> gauges.show(adapter, last, LiveAccuracy.NONE));
    shown.clear();
  }

  private void show(String adapter, LiveAccuracy before, LiveAccuracy now) {
    gauges.show(adapter, before, now);
    shown.put(adapter, now);
  }
}
