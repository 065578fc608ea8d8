package dev.weir.inference.score;

import dev.weir.contract.release.AdapterId;
import dev.weir.inference.meter.InferenceMeters;
import dev.weir.inference.slot.AdapterRegistry;
import dev.weir.inference.slot.ServingAdapter.Residence;
import dev.weir.inference.slot.ServingState;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What each version answers, as series that live as long as the version is in memory: their number
 * is bounded by the slots, and none is left of a version that was evicted or withdrawn.
 *
 * <p>Thread-safe. A version's first answer takes this object's monitor, the others take none. An
 * answer that is counted when its version has just left is not counted here.
 */
final class VersionMeters {

  /** Stands for a label where the best one was too improbable. */
  static final String ABSTAINED = "abstained";

  /** Stands for all labels beyond the first {@link #MOST_LABELS} that a version answered with. */
  static final String OTHER = "other";

  /** Series per version: a scheme of a thousand labels would make as many in each version. */
  static final int MOST_LABELS = 50;

  private final MeterRegistry registry;
  private final AdapterRegistry adapters;
  private final Map<AdapterId, OfVersion> versions = new ConcurrentHashMap<>();

  private record OfVersion(DistributionSummary confidence, Map<String, Counter> answers) {}

  VersionMeters(MeterRegistry registry, AdapterRegistry adapters) {
    this.registry = registry;
    this.adapters = adapters;
    adapters.listen(this::sweep);
  }

  void answered(Answer.Scored answer) {
    AdapterId id = answer.id();
    OfVersion version = versions.get(id);
    if (version == null) {
      version = begin(id);
    }
    if (version == null) {
      return;
    }
    String label = answer.unsure() ? ABSTAINED : answer.label();
    Counter counter = version.answers().get(label);
    if (counter == null) {
      counter = begin(id, version, label);
    }
    counter.increment();
    version.confidence().record(answer.confidence());
  }

  /** Under the monitor that {@link #sweep} takes: either it sees the version gone, or that one. */
  private synchronized @Nullable OfVersion begin(AdapterId id) {
    if (!adapters.warm() || !inMemory(adapters.state(), id)) {
      return null;
    }
    return versions.computeIfAbsent(
        id,
        fresh ->
            new OfVersion(
                InferenceMeters.CONFIDENCE.summary(registry, id.adapter(), version(id)),
                new ConcurrentHashMap<>()));
  }

  private synchronized Counter begin(AdapterId id, OfVersion version, String answered) {
    boolean room = version.answers().size() < MOST_LABELS || answered.equals(ABSTAINED);
    String label = room ? answered : OTHER;
    Counter known = version.answers().get(label);
    if (known != null) {
      return known;
    }
    Counter counter = InferenceMeters.ANSWERS.counter(registry, id.adapter(), version(id), label);
    version.answers().put(label, counter);
    if (!version.equals(versions.get(id))) {
      registry.remove(counter); // Swept in between.
    }
    return counter;
  }

  private synchronized void sweep(ServingState state) {
    Iterator<Map.Entry<AdapterId, OfVersion>> each = versions.entrySet().iterator();
    while (each.hasNext()) {
      Map.Entry<AdapterId, OfVersion> entry = each.next();
      if (!inMemory(state, entry.getKey())) {
        each.remove();
        remove(entry.getValue().confidence());
        entry.getValue().answers().values().forEach(this::remove);
      }
    }
  }

  private void remove(Meter meter) {
    registry.remove(meter);
  }

  private static boolean inMemory(ServingState state, AdapterId id) {
    return state
        .version(id)
        .filter(version -> version.residence() != Residence.EVICTED)
        .isPresent();
  }

  private static String version(AdapterId id) {
    return Integer.toString(id.version());
  }
}
