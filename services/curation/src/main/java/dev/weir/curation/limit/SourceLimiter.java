package dev.weir.curation.limit;

import dev.weir.contract.event.Parsed.Reason;
import dev.weir.curation.deadletter.Original;
import dev.weir.curation.deadletter.Screened;
import dev.weir.curation.deadletter.Screened.Passed;
import dev.weir.curation.deadletter.Screened.Refused;
import dev.weir.curation.dedup.NewLabel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Refuses what a source gives to an adapter over its limit per minute, so that one script gone wild
 * cannot teach an adapter alone.
 *
 * <p>Minutes are those of the records' timestamps, so that a backlog is not mistaken for a flood; a
 * source's minute never goes back, nor ahead of the wall clock. Duplicates do not count. Sources
 * are what feedback says they are, and only {@link #MAX_SOURCES} of them are counted apart: the
 * limit stops accidents, a forger needs to be stopped by the topic's access rights.
 */
public final class SourceLimiter
    implements Processor<String, NewLabel, String, Screened<NewLabel>> {

  /** Store of counts by adapter and source. */
  public static final String STORE = "source-counts";

  private static final long MINUTE_MS = 60_000;
  private static final long FORGOTTEN_AFTER_MINUTES = 60;

  /**
   * Sources that are counted apart, per task. Further ones share one count: names cost nothing, so
   * whoever invents them must gain nothing by it.
   */
  static final int MAX_SOURCES = 20_000;

  private static final String OTHERS = "\u0000others";

  private final int perMinute;
  private ProcessorContext<String, Screened<NewLabel>> context;
  private KeyValueStore<String, SourceCount> counts;

  /** Accepts {@code perMinute} examples per adapter, source and minute; 0 for any number. */
  @SuppressWarnings("NullAway.Init") // init comes before any record
  public SourceLimiter(int perMinute) {
    this.perMinute = perMinute;
  }

  @Override
  public void init(ProcessorContext<String, Screened<NewLabel>> context) {
    this.context = context;
    counts = context.getStateStore(STORE);
    context.schedule(Duration.ofMinutes(1), PunctuationType.WALL_CLOCK_TIME, this::forget);
  }

  @Override
  public void process(Record<String, NewLabel> record) {
    if (perMinute == 0 || admitted(record.value())) {
      context.forward(record.withValue(new Passed<>(record.value())));
      return;
    }
    String message =
        "source '%s' gave more than %d examples to adapter '%s' in this minute; send it again later, or raise WEIR_CURATION_SOURCE_RATE"
            .formatted(
                record.value().candidate().labeled().source(),
                perMinute,
                record.value().candidate().labeled().adapter());
    Original original = record.value().candidate().original();
    context.forward(record.withValue(new Refused<>(original, Reason.SOURCE_LIMIT, message)));
  }

  private boolean admitted(NewLabel label) {
    String adapter = label.candidate().labeled().adapter() + "/";
    String key = adapter + label.candidate().labeled().source();
    long minute =
        Math.min(label.candidate().original().timestampMs(), context.currentSystemTimeMs())
            / MINUTE_MS;
    SourceCount known = counts.get(key);
    if (known == null && counts.approximateNumEntries() >= MAX_SOURCES) {
      key = adapter + OTHERS;
      known = counts.get(key);
    }
    if (known == null || known.minute() < minute) {
      known = new SourceCount(minute, 0);
    }
    if (known.count() >= perMinute) {
      return false;
    }
    counts.put(key, new SourceCount(known.minute(), known.count() + 1));
    return true;
  }

  private void forget(long nowMs) {
    List<String> idle = new ArrayList<>();
    try (KeyValueIterator<String, SourceCount> all = counts.all()) {
      while (all.hasNext()) {
        KeyValue<String, SourceCount> entry = all.next();
        if (entry.value.minute() < nowMs / MINUTE_MS - FORGOTTEN_AFTER_MINUTES) {
          idle.add(entry.key);
        }
      }
    }
    idle.forEach(counts::delete);
  }
}
