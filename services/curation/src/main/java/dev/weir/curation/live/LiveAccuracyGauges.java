package dev.weir.curation.live;

import dev.weir.curation.meter.CurationMeters;
import dev.weir.service.ops.GaugeSet;
import io.micrometer.core.instrument.MeterRegistry;

/**
 * The gauges of live accuracy, per adapter version that is remembered: their number stays bounded
 * while versions come and go.
 *
 * <p>Thread-safe; shared by the tasks of a process.
 */
public final class LiveAccuracyGauges {

  private final GaugeSet accuracy;
  private final GaugeSet answers;

  /** Registers with {@code registry}. */
  public LiveAccuracyGauges(MeterRegistry registry) {
    accuracy = new GaugeSet(CurationMeters.LIVE_ACCURACY, registry);
    answers = new GaugeSet(CurationMeters.LIVE_ANSWERS, registry);
  }

  void show(String adapter, LiveAccuracy before, LiveAccuracy now) {
    before.windows().stream()
        .filter(old -> now.windows().stream().noneMatch(kept -> kept.version() == old.version()))
        .forEach(
            gone -> {
              accuracy.remove(adapter, Integer.toString(gone.version()));
              answers.remove(adapter, Integer.toString(gone.version()));
            });
    now.windows()
        .forEach(
            window -> {
              String version = Integer.toString(window.version());
              accuracy.set(window.accuracy(), adapter, version);
              answers.set(window.answers().length(), adapter, version);
            });
  }
}
