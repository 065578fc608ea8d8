package dev.weir.trainer.loop;

import dev.weir.contract.event.TrainingBatch;
import dev.weir.contract.event.TrainingEvent.Phase;
import dev.weir.contract.fault.WeirException;
import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.Champion;
import dev.weir.contract.release.Decision;
import dev.weir.contract.release.Method;
import dev.weir.contract.release.Release;
import dev.weir.contract.release.ServingPlan;
import dev.weir.contract.topic.Installation;
import dev.weir.service.trace.LogContext;
import dev.weir.service.trace.TraceAttributes;
import dev.weir.service.trace.Tracing;
import dev.weir.store.artifact.StoreException;
import dev.weir.trainer.build.Bench;
import dev.weir.trainer.build.Cancellation;
import dev.weir.trainer.build.Contest;
import dev.weir.trainer.config.TrainerConfig;
import dev.weir.trainer.data.BatchLog;
import dev.weir.trainer.data.ExampleFeed;
import dev.weir.trainer.data.TrainingSet;
import dev.weir.trainer.evaluate.PromotionGate;
import dev.weir.trainer.evaluate.Verdict;
import dev.weir.trainer.meter.TrainerMetrics;
import dev.weir.trainer.publish.Announcement;
import dev.weir.trainer.publish.ArtifactRetention;
import dev.weir.trainer.publish.ChampionReader;
import dev.weir.trainer.publish.ChampionReader.Reigning;
import dev.weir.trainer.publish.Orphans;
import dev.weir.trainer.publish.ReleaseLog;
import dev.weir.trainer.publish.StoreClaim;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.context.Context;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CancellationException;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes one batch to its decisions, one per method, from whatever state an earlier try left behind.
 *
 * <p>States of a method: undecided → (artifact in the store →) decided. What is decided is on the
 * release topic and is skipped. Outages of store and broker are waited out for ever; a training
 * that fails for another reason is tried a few times and then recorded as {@code training-failed},
 * so that one bad batch does not stop the loop. Owned by the fitting thread, which closes it.
 */
final class BatchTrainer implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(BatchTrainer.class);
  private static final Duration CATCH_UP = Duration.ofSeconds(60);
  private static final int MAX_DOUBLINGS = 5;

  /** A store that is away, or whose marker is damaged: that is no batch's fault. */
  private static final Set<String> WAITED_FOR = Set.of("store-io", "store-owner-unreadable");

  private final TrainerConfig config;
  private final Bench bench;
  private final TrainerState state;
  private final TrainerMetrics metrics;
  private final Tracing tracing;
  private final Clock clock;
  private final ReleaseLog releases;
  private final BatchLog batches;
  private final ExampleFeed examples;
  private final PassOver passOver;
  private final ChampionReader champions;
  private final ArtifactRetention retention;
  private final TrainingEvents events;
  private final StoreClaim claim;
  private final Orphans orphans;
  private final Pulse pulse;

  BatchTrainer(
      TrainerConfig config,
      Bench bench,
      TrainerState state,
      TrainerMetrics metrics,
      StoreClaim claim,
      Pulse pulse,
      Tracing tracing,
      Clock clock) {
    this.claim = claim;
    this.pulse = pulse;
    this.tracing = tracing;
    this.config = config;
    this.bench = bench;
    this.state = state;
    this.metrics = metrics;
    this.clock = clock;
    this.releases = new ReleaseLog(config.kafka(), config.topics(), CATCH_UP, metrics.registry());
    this.batches = new BatchLog(config.kafka(), config.topics(), CATCH_UP, metrics.registry());
    this.examples = new ExampleFeed(config.kafka(), config.topics(), CATCH_UP, metrics.registry());
    this.orphans = new Orphans(releases, bench.store(), config.topics());
    this.champions = new ChampionReader(releases, bench.store(), bench.base());
    this.retention = new ArtifactRetention(bench.store(), config.keepVersions());
    this.events = new TrainingEvents(config.kafka(), config.topics(), clock);
    this.passOver = new PassOver(config.passOver());
  }

  /**
   * Trains, judges and announces; returns when the batch is done with. Whatever throws and is no
   * outage counts as a try; after so many the batch is passed over, with a release if that can be
   * made.
   *
   * @param diedBefore processes that have begun with this batch and did not come back
   */
  void train(TrainingBatch batch, int diedBefore, Announcer announcer, Cancellation cancellation) {
    int failures = 0;
    int tries = 0;
    Optional<Decision> hopeless = killed(batch, diedBefore);
    while (true) {
      try {
        cancellation.check();
        take(batch, hopeless, announcer, cancellation);
        return;
      } catch (CancellationException e) {
        throw e;
      } catch (RuntimeException e) {
        failures += failed(batch, null, e) ? 0 : 1;
        if (failures >= config.attempts()) {
          passOver(batch, announcer);
          return;
        }
        pause(cancellation, tries++);
      }
    }
  }

  /** The decision about a batch that has taken too many processes with it. */
  private Optional<Decision> killed(TrainingBatch batch, int diedBefore) {
    if (diedBefore < config.attempts()) {
      return Optional.empty();
    }
    LOG.error(
        "training-failed: {} processes ended while they trained batch {}; it is not tried again",
        diedBefore,
        batch.id());
    return Optional.of(
        PromotionGate.refused(
                "training-failed",
                ("%d processes ended while they trained this batch and could not say why; look for"
                        + " what killed them, such as too little memory")
                    .formatted(diedBefore))
            .decision());
  }

  private void take(
      TrainingBatch batch,
      Optional<Decision> hopeless,
      Announcer announcer,
      Cancellation cancellation) {
    Installation ours = claimed();
    busy(batch);
    releases.refresh();
    List<Method> open =
        config.methods().stream().filter(method -> !releases.decided(batch.id(), method)).toList();
    if (open.isEmpty()) {
      announcer.pass();
      return;
    }
    events.tell(batch, Phase.STARTED, null, "batch " + batch.id() + " taken up");
    TrainingSet set =
        TrainingSet.of(
            batch,
            hopeless.isPresent() ? List.of() : examples.gather(batch),
            config.maxExamples(),
            config.frozenRows(),
            bench.options().seed());
    LOG.info(
        "batch {} of {}: {} training examples, {} of them replayed, {} holdout rows",
        batch.id(),
        batch.adapter(),
        set.train().size(),
        set.replayed(),
        set.holdout().size());
    bench.checkpoint(
        () -> {
          pulse.beat();
          metrics.step();
          cancellation.check();
        });
    Contest contest = new Contest(bench, batch, set, examples.readUpTo(), ours, metrics, clock);
    for (int i = 0; i < open.size(); i++) {
      Method method = open.get(i);
      Span span =
          tracing
              .span("train " + TrainerMetrics.word(method), SpanKind.INTERNAL, Context.current())
              .setAttribute(TraceAttributes.METHOD, TrainerMetrics.word(method))
              .startSpan();
      LogContext about = LogContext.of("method", TrainerMetrics.word(method)).in(span);
      try (Settling settling =
          new Settling(
              contest, batch, method, i == open.size() - 1, ours, announcer, cancellation)) {
        settling.settle(hopeless);
      } finally {
        about.close();
        span.end();
      }
    }
    prepareNext(contest, batch, cancellation);
  }

  /** The store's owner, which nobody else may be. */
  private Installation claimed() {
    try {
      return claim.ensure();
    } catch (StoreException e) {
      if (e.reason().equals(StoreClaim.NOT_OURS)) {
        state.dead(String.valueOf(e.getMessage()));
        throw new CancellationException(e.getMessage());
      }
      throw e;
    }
  }

  /** The batch is decided by now: failing to encode ahead costs the next one some time. */
  private void prepareNext(Contest contest, TrainingBatch batch, Cancellation cancellation) {
    try {
      contest.prepareNext(cancellation);
    } catch (CancellationException e) {
      throw e;
    } catch (RuntimeException e) {
      var unused = failed(batch, null, e);
    }
  }

  private void passOver(TrainingBatch batch, Announcer announcer) {
    metrics.passedOver();
    LOG.error(
        "training-failed: batch {} of {} cannot be settled and is passed over without a release",
        batch.id(),
        batch.adapter());
    announcer.pass();
  }

  /**
   * Takes note of a failure.
   *
   * @return whether it is an outage, which is waited out
   */
  private boolean failed(TrainingBatch batch, @Nullable Method method, RuntimeException e) {
    String reason = e instanceof WeirException known ? known.reason() : "training-failed";
    metrics.failed(reason);
    boolean outage = isOutage(e);
    if (outage) {
      state.down(e.getMessage());
    }
    LOG.warn(
        "{} of batch {} failed ({}){}",
        method == null ? "settling" : method,
        batch.id(),
        reason,
        outage ? "; the store or the broker is away, trying on" : "",
        e);
    events.tell(batch, Phase.FAILED, method, String.valueOf(e.getMessage()));
    return outage;
  }

  private void pause(Cancellation cancellation, int tries) {
    pulse.rest();
    cancellation.pause(config.backoff().multipliedBy(1L << Math.min(tries, MAX_DOUBLINGS)));
    pulse.beat();
  }

  private void busy(TrainingBatch batch) {
    pulse.beat();
    state.busy("training " + batch.adapter() + ", batch " + batch.id());
  }

  /**
   * One method of one batch, from whatever state an earlier try left behind to its decision. A
   * challenger that could not be published is kept and offered again while nothing has changed that
   * it was judged by.
   */
  private final class Settling implements AutoCloseable {
    private final Contest contest;
    private final TrainingBatch batch;
    private final Method method;
    private final boolean last;
    private final Installation ours;
    private final Announcer announcer;
    private final Cancellation cancellation;
    private @Nullable Made made;

    /**
     * A decision that is to be announced.
     *
     * @param id the version that it is about
     * @param champion what it was held against
     */
    private record Made(AdapterId id, Optional<String> champion, Announcement announcement) {}

    Settling(
        Contest contest,
        TrainingBatch batch,
        Method method,
        boolean last,
        Installation ours,
        Announcer announcer,
        Cancellation cancellation) {
      this.contest = contest;
      this.batch = batch;
      this.method = method;
      this.last = last;
      this.ours = ours;
      this.announcer = announcer;
      this.cancellation = cancellation;
    }

    void settle(Optional<Decision> hopeless) {
      int failures = 0;
      int tries = 0;
      Optional<Decision> givenUp = hopeless;
      while (true) {
        try {
          cancellation.check();
          var unused = claimed();
          busy(batch);
          releases.refresh();
          if (releases.decided(batch.id(), method)) {
            if (last) {
              announcer.pass();
            }
          } else if (!decide(givenUp)) {
            continue;
          }
          return;
        } catch (CancellationException e) {
          throw e;
        } catch (RuntimeException e) {
          boolean outage = failed(batch, method, e);
          failures += outage ? 0 : 1;
          if (!outage) {
            discard();
          }
          if (failures >= config.attempts() && givenUp.isEmpty()) {
            String message =
                "failed %d times, the last time with: %s".formatted(failures, e.getMessage());
            givenUp = Optional.of(PromotionGate.refused("training-failed", message).decision());
          } else if (failures >= 2 * config.attempts()
              || (hopeless.isPresent() && failures >= config.attempts())) {
            if (last) {
              passOver(batch, announcer);
            } else {
              LOG.error("training-failed: {} of batch {} is left undecided", method, batch.id());
            }
            return;
          }
          pause(cancellation, tries++);
        }
      }
    }

    /** False when another version serves than the one that the challenger was held against. */
    private boolean decide(Optional<Decision> givenUp) {
      Optional<String> champion = releases.champion(batch.adapter()).map(Champion::digest);
      Made ready = made;
      if (ready == null
          || givenUp.isPresent()
          || !ready.champion().equals(champion)
          || !ready.id().equals(orphans.next(batch.adapter()))) {
        discard();
        ready = new Made(orphans.next(batch.adapter()), champion, challenge(givenUp));
        made = ready;
      }
      Announcement announcement = ready.announcement();
      AdapterId id = announcement.release().id();
      // A training takes minutes: an operator may have pinned or promoted a version meanwhile.
      releases.refresh();
      Optional<Champion> serving = releases.champion(batch.adapter());
      if (announcement.promoted() && !serving.map(Champion::digest).equals(champion)) {
        LOG.info("{} was held against {}, which serves no longer; trying again", id, champion);
        discard();
        return false;
      }
      ServingPlan.Pin pin = releases.plan(batch.adapter()).pinned();
      if (announcement.promoted() && pin != null) {
        announcement = announcement.heldBy(pin.version());
      }
      announcer.announce(announcement.after(releases.servedBefore(id)), last);
      discard();
      tell(batch, announcement.release());
      if (announcement.serves()) {
        contest.crowned();
      }
      if (announcement.promoted()) {
        cleanUp(announcement.serves() ? id : serving.orElseThrow().id());
      }
      return true;
    }

    private Announcement challenge(Optional<Decision> givenUp) {
      AdapterId id = orphans.next(batch.adapter());
      Optional<Decision> refusal =
          givenUp
              .or(() -> superseded(batch, method))
              .or(() -> contest.refusal().map(Verdict.Retained::decision));
      if (refusal.isPresent()) {
        return contest.retained(id, method, refusal.get(), 0);
      }
      Optional<Reigning> champion = champions.read(batch.adapter());
      Optional<Announcement> adopted =
          orphans
              .leftBy(batch, method, ours)
              .flatMap(orphan -> contest.adopt(orphan, method, champion.orElse(null)));
      return adopted.orElseGet(
          () ->
              contest.challenge(
                  id,
                  method,
                  champion.orElse(null),
                  progress -> {
                    metrics.progress(batch.adapter(), method, progress);
                    events.progress(batch, method, progress);
                  },
                  cancellation));
    }

    private void discard() {
      Made done = made;
      made = null;
      if (done != null && done.announcement().staged() != null) {
        bench.store().discard(done.announcement().staged());
      }
    }

    @Override
    public void close() {
      discard();
    }
  }

  private Optional<Decision> superseded(TrainingBatch batch, Method method) {
    batches.refresh();
    TrainingBatch newest = batches.newest(batch);
    if (!passOver.passesOver(batch, method, newest)) {
      return Optional.empty();
    }
    return Optional.of(
        PromotionGate.refused(
                "superseded",
                "batch %s is closed already, and its training learns from these examples, too"
                    .formatted(newest.id()))
            .decision());
  }

  private void tell(TrainingBatch batch, Release release) {
    boolean promoted = release.state() == Release.State.PROMOTED;
    state.busy("decided " + release.id());
    metrics.decided(release);
    Span.current()
        .setAttribute(TraceAttributes.OUTCOME, outcome(release))
        .setAttribute(TraceAttributes.VERSION, (long) release.version());
    String message =
        "%s %s: %s, %s"
            .formatted(
                release.id(),
                outcome(release),
                release.decision().reason(),
                release.decision().message());
    LOG.info("{} ({})", message, TrainerMetrics.word(release.method()));
    events.tell(batch, promoted ? Phase.PROMOTED : Phase.RETAINED, release.method(), message);
  }

  private static String outcome(Release release) {
    if (release.state() != Release.State.PROMOTED) {
      return "retained";
    }
    return release.heldBy() == null
        ? "promoted"
        : "promoted, and held while version %d is pinned".formatted(release.heldBy());
  }

  /** Old artifacts cost space only: failing to remove them is no reason to fail. */
  private void cleanUp(AdapterId champion) {
    try {
      releases.refresh(); // The release just announced is one of those that count as kept.
      Set<Integer> named = new TreeSet<>(releases.plan(champion.adapter()).versions());
      // What a rollback without a version goes to.
      releases.servedBefore(champion).stream().limit(1).forEach(named::add);
      Set<String> unread = releases.unread(champion.adapter());
      if (!unread.isEmpty()) {
        LOG.warn(
            "old artifacts of {} stay: the records under {} on topic {} cannot be read, so it is not"
                + " known what they name; write a tombstone under these keys",
            champion.adapter(),
            unread,
            config.topics().adapters());
        return;
      }
      retention
          .apply(champion, named, id -> releases.release(id).map(Release::digest))
          .forEach(old -> LOG.info("removed the old artifact {}", old));
    } catch (StoreException | KafkaException e) {
      LOG.warn("old artifacts of {} stay: {}", champion.adapter(), e.getMessage());
    }
  }

  private static boolean isOutage(RuntimeException e) {
    return e instanceof KafkaException
        || (e instanceof StoreException store && WAITED_FOR.contains(store.reason()));
  }

  @Override
  public void close() {
    events.close();
    examples.close();
    batches.close();
    releases.close();
    bench.close();
  }
}
