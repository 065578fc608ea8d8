package dev.weir.inference.score;

import dev.weir.contract.release.AdapterId;
import dev.weir.contract.text.TokenLimit;
import dev.weir.inference.slot.AdapterRegistry;
import dev.weir.inference.slot.Lease;
import dev.weir.inference.slot.ServingAdapter;
import dev.weir.inference.slot.ServingState;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells a text that no model can score from a version that scores no text.
 *
 * <p>A version whose texts fail is tried on a sentence that is known to be good. When that fails,
 * too, the texts are not at fault: the version is suspended, and its texts wait or are refused. The
 * version that served before takes over where it works; else the sentence is tried again with
 * back-off until it is scored. After {@link #MOST_FAILED} texts in a row that failed alone, a
 * version rests for a while even when the sentence is scored.
 *
 * <p>Thread-safe. Thread {@code scorer-triage}, which begins with the first suspension.
 */
final class Triage implements AutoCloseable {

  /** Texts of one version that may fail in a row, without one that is answered in between. */
  static final int MOST_FAILED = 50;

  private static final Logger LOG = LoggerFactory.getLogger(Triage.class);

  /** Any model that works has something to say about it. */
  private static final String SENTENCE = "The plot is thin, but the cast makes it worth watching.";

  private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);

  /** From this attempt on the pause is the longest one. */
  private static final int LONGEST_ATTEMPT = 7;

  /** Other versions that are tried before the model as a whole counts as broken. */
  private static final int OTHERS = 3;

  /** A driver or a card that has not come back by then needs a new process. */
  private static final Duration BEYOND_HELP = Duration.ofMinutes(5);

  private final AdapterRegistry registry;
  private final Tokenizer tokenizer;
  private final ScoreMeters meters;
  private final Clock clock;
  private final ScheduledThreadPoolExecutor thread;
  private final Map<AdapterId, Suspension> suspended = new ConcurrentHashMap<>();
  private final Map<AdapterId, Integer> failedInARow = new ConcurrentHashMap<>();
  private volatile @Nullable Long nothingWorksSince;

  Triage(AdapterRegistry registry, Tokenizer tokenizer, ScoreMeters meters, Clock clock) {
    this.registry = registry;
    this.tokenizer = tokenizer;
    this.meters = meters;
    this.clock = clock;
    this.thread =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              Thread made = new Thread(task, "scorer-triage");
              made.setDaemon(true);
              return made;
            });
    thread.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    registry.listen(this::published);
    meters.suspended(suspended::size);
  }

  /** Why a version is not to be asked now, or null. */
  @Nullable Suspension suspension(ServingAdapter version) {
    if (suspended.isEmpty()) {
      return null;
    }
    Suspension suspension = suspended.get(version.id());
    return suspension == null || !suspension.version().digest().equals(version.digest())
        ? null
        : suspension;
  }

  /** Whether the tokeniser has something to say about a sentence that is known to be good. */
  boolean tokenizes() {
    try {
      return tokenizer.encode(SENTENCE, TokenLimit.of(32)).length > 0;
    } catch (RuntimeException e) {
      LOG.debug("the tokeniser fails on the test sentence", e);
      return false;
    }
  }

  /** Null when a version scores a sentence that is known to be good, else what went wrong. */
  @Nullable RuntimeException probe(ServingAdapter version) {
    try (Lease lease = registry.lease(state -> Set.of(version.id()))) {
      ServingAdapter leased = lease.version(version.id());
      if (leased == null || !leased.digest().equals(version.digest())) {
        return null; // Withdrawn, replaced or evicted meanwhile: that is for others to see.
      }
      int[] tokens = tokenizer.encode(SENTENCE, leased.limit());
      float[] logits = lease.run(new int[][] {tokens}, List.of(leased))[0];
      Probabilities.of(logits, leased.labels().size(), leased.temperature());
      return null;
    } catch (RuntimeException e) {
      meters.runFailed(version.precision());
      return e;
    }
  }

  /** Takes note that a version answered. */
  void answered(ServingAdapter version) {
    if (!failedInARow.isEmpty()) {
      failedInARow.remove(version.id());
    }
  }

  /**
   * Takes note that a text failed alone while its version works.
   *
   * @return whether the text may be given up; if not, the version rests and the text waits
   */
  boolean failedAlone(ServingAdapter version, RuntimeException cause) {
    if (failedInARow.merge(version.id(), 1, Integer::sum) <= MOST_FAILED) {
      return true;
    }
    suspend(version, MOST_FAILED + " texts in a row failed, the last one with " + cause, false);
    return false;
  }

  /**
   * Has a version rest until it works.
   *
   * @param anyText whether it fails on every text
   */
  Suspension suspend(ServingAdapter version, String why, boolean anyText) {
    Suspension fresh =
        new Suspension(version, clock.instant(), why, anyText, new CompletableFuture<>());
    Suspension known = suspended.putIfAbsent(version.id(), fresh);
    if (known != null && known.version().digest().equals(version.digest())) {
      return known;
    }
    if (known != null) {
      suspended.put(version.id(), fresh);
      known.over().complete(null);
    }
    LOG.error("adapter {}; its texts wait or are refused", fresh);
    failedInARow.remove(version.id());
    later(fresh, 0);
    return fresh;
  }

  private void later(Suspension suspension, int attempt) {
    long ms =
        Math.min(
            LONGEST_PAUSE.toMillis(), FIRST_PAUSE.toMillis() << Math.min(attempt, LONGEST_ATTEMPT));
    try {
      Future<?> unused =
          thread.schedule(
              () -> tryAgain(suspension, attempt), attempt == 0 ? 0 : ms, TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException e) {
      fail(suspension);
    }
  }

  private void tryAgain(Suspension suspension, int attempt) {
    if (!Objects.equals(suspended.get(suspension.version().id()), suspension)) {
      return;
    }
    try {
      if (attempt > 0 && probe(suspension.version()) == null) {
        LOG.info("adapter {} works again", suspension.version().id());
        over(suspension);
        return;
      }
      if (registry.fallBack(suspension.version(), suspension.problem(), () -> broken(suspension))) {
        LOG.warn("adapter {} is out of service", suspension.version().id());
        over(suspension);
        return;
      }
      others();
    } catch (RuntimeException e) {
      LOG.warn("adapter {} could not be tried again", suspension.version().id(), e);
    }
    later(suspension, suspension.anyText() ? attempt + 1 : LONGEST_ATTEMPT);
  }

  private boolean broken(Suspension suspension) {
    return !suspension.anyText() || probe(suspension.version()) != null;
  }

  /** Finds out whether any version works. */
  private void others() {
    List<ServingAdapter> others =
        registry.state().versions().stream()
            .filter(version -> version.residence() != ServingAdapter.Residence.EVICTED)
            .filter(version -> suspension(version) == null)
            .limit(OTHERS)
            .toList();
    boolean works = others.stream().anyMatch(version -> probe(version) == null);
    if (works) {
      nothingWorksSince = null;
    } else if (nothingWorksSince == null) {
      nothingWorksSince = System.nanoTime();
    }
  }

  /** A state was published: a version that is no longer in service keeps nobody waiting. */
  private void published(ServingState state) {
    if (suspended.isEmpty()) {
      return;
    }
    for (Suspension suspension : suspended.values()) {
      ServingAdapter version = suspension.version();
      Optional<ServingAdapter> now = state.version(version.id());
      if (now.isEmpty() || !now.get().digest().equals(version.digest())) {
        try {
          thread.execute(() -> over(suspension)); // Not under the registry's monitor.
        } catch (RejectedExecutionException e) {
          LOG.debug("closing");
        }
      }
    }
  }

  private void over(Suspension suspension) {
    suspended.remove(suspension.version().id(), suspension);
    if (suspended.isEmpty()) {
      nothingWorksSince = null;
    }
    suspension.over().complete(null);
  }

  private void fail(Suspension suspension) {
    suspended.remove(suspension.version().id(), suspension);
    suspension.over().completeExceptionally(closing());
  }

  static RejectedExecutionException closing() {
    return new RejectedExecutionException("the service is closing");
  }

  /** What is out of order, for people; empty when nothing is. */
  Optional<String> complaint() {
    if (suspended.isEmpty()) {
      return Optional.empty();
    }
    List<String> all = new ArrayList<>();
    suspended.values().stream().limit(OTHERS).forEach(each -> all.add("adapter " + each));
    if (suspended.size() > OTHERS) {
      all.add("and " + (suspended.size() - OTHERS) + " more");
    }
    return Optional.of(String.join("; ", all));
  }

  /** Whether no version scores anything. */
  boolean nothingWorks() {
    return nothingWorksSince != null && !suspended.isEmpty();
  }

  /** Whether nothing has worked for so long that only a new process may help. */
  boolean beyondHelp() {
    Long since = nothingWorksSince;
    return since != null
        && !suspended.isEmpty()
        && System.nanoTime() - since > BEYOND_HELP.toNanos();
  }

  /** Ends all waiting: what waits for a version fails. */
  @Override
  public void close() {
    thread.shutdownNow();
    suspended.values().forEach(this::fail);
  }
}
