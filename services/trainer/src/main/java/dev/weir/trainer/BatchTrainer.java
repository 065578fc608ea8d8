package dev.weir.trainer;

import dev.weir.common.adapter.AdapterId;
import dev.weir.common.adapter.Champion;
import dev.weir.common.adapter.Decision;
import dev.weir.common.adapter.Method;
import dev.weir.common.adapter.Release;
import dev.weir.common.adapter.ServingPlan;
import dev.weir.common.event.TrainingBatch;
import dev.weir.common.event.TrainingEvent.Phase;
import dev.weir.common.ops.WeirException;
import dev.weir.common.store.StoreException;
import dev.weir.common.trace.LogContext;
import dev.weir.common.trace.TraceAttributes;
import dev.weir.common.trace.Tracing;
import dev.weir.trainer.data.BatchLog;
import dev.weir.trainer.data.ExampleFeed;
import dev.weir.trainer.data.TrainingSet;
import dev.weir.trainer.evaluate.PromotionGate;
import dev.weir.trainer.evaluate.Verdict;
import dev.weir.trainer.publish.Announcement;
import dev.weir.trainer.publish.ArtifactRetention;
import dev.weir.trainer.publish.ChampionReader;
import dev.weir.trainer.publish.ReleaseLog;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.context.Context;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CancellationException;
import org.apache.kafka.common.KafkaException;
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

  private final TrainerConfig config;
  private final Bench bench;
  private final TrainerState state;
  private final TrainerMetrics metrics;
  private final Tracing tracing;
  private final Clock clock;
  private final ReleaseLog releases;
  private final BatchLog batches;
  private final ExampleFeed examples;
  private final Map<String, Integer> passedOver = new HashMap<>();
  private final ChampionReader champions;
  private final ArtifactRetention retention;
  private final TrainingEvents events;

  BatchTrainer(
      TrainerConfig config,
      Bench bench,
      TrainerState state,
      TrainerMetrics metrics,
      Tracing tracing,
      Clock clock) {
    this.tracing = tracing;
    this.config = config;
    this.bench = bench;
    this.state = state;
    this.metrics = metrics;
    this.clock = clock;
    this.releases = new ReleaseLog(config.kafka(), config.topics(), CATCH_UP, metrics.registry());
    this.batches = new BatchLog(config.kafka(), config.topics(), CATCH_UP, metrics.registry());
    this.examples = new ExampleFeed(config.kafka(), config.topics(), CATCH_UP, metrics.registry());
    this.champions = new ChampionReader(releases, bench.store(), bench.base());
    this.retention = new ArtifactRetention(bench.store(), config.keepVersions());
    this.events = new TrainingEvents(config.kafka(), config.topics(), clock);
  }

  /** Trains, judges and announces; returns when the batch is done with. */
  void train(TrainingBatch batch, Announcer announcer, Cancellation cancellation) {
    releases.refresh();
    List<Method> open =
        config.methods().stream().filter(method -> !releases.decided(batch.id(), method)).toList();
    if (open.isEmpty()) {
      announcer.pass();
      return;
    }
    state.busy("training " + batch.adapter() + ", batch " + batch.id());
    events.tell(batch, Phase.STARTED, null, "batch " + batch.id() + " taken up");
    TrainingSet set =
        TrainingSet.of(
            batch,
            examples.gather(batch),
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
    Contest contest = new Contest(bench, batch, set, examples.readUpTo(), metrics, clock);
    for (int i = 0; i < open.size(); i++) {
      Method method = open.get(i);
      Span span =
          tracing
              .span("train " + TrainerMetrics.word(method), SpanKind.INTERNAL, Context.current())
              .setAttribute(TraceAttributes.METHOD, TrainerMetrics.word(method))
              .startSpan();
      LogContext about = LogContext.of("method", TrainerMetrics.word(method)).in(span);
      try {
        settle(contest, batch, method, i == open.size() - 1, announcer, cancellation);
      } finally {
        about.close();
        span.end();
      }
    }
    contest.prepareNext(cancellation);
  }

  private void settle(
      Contest contest,
      TrainingBatch batch,
      Method method,
      boolean last,
      Announcer announcer,
      Cancellation cancellation) {
    int failures = 0;
    int tries = 0;
    Optional<Decision> givenUp = Optional.empty();
    while (true) {
      try {
        cancellation.check();
        releases.refresh();
        if (releases.decided(batch.id(), method)) {
          if (last) {
            announcer.pass();
          }
        } else if (!decide(contest, batch, method, last, givenUp, announcer, cancellation)) {
          continue;
        }
        return;
      } catch (CancellationException e) {
        throw e;
      } catch (RuntimeException e) {
        String reason = e instanceof WeirException known ? known.reason() : "training-failed";
        metrics.failed(reason);
        boolean outage = isOutage(e);
        failures += outage ? 0 : 1;
        if (outage) {
          state.down(e.getMessage());
        }
        if (failures >= config.attempts() && givenUp.isEmpty()) {
          String message =
              "failed %d times, the last time with: %s".formatted(failures, e.getMessage());
          givenUp = Optional.of(PromotionGate.refused("training-failed", message).decision());
        }
        LOG.warn(
            "{} of batch {} failed ({}){}",
            method,
            batch.id(),
            reason,
            outage ? "; the store or the broker is away, trying on" : "",
            e);
        events.tell(batch, Phase.FAILED, method, String.valueOf(e.getMessage()));
        cancellation.pause(config.backoff().multipliedBy(1L << Math.min(tries++, MAX_DOUBLINGS)));
      }
    }
  }

  /** False when another version serves than the one that the challenger was held against. */
  private boolean decide(
      Contest contest,
      TrainingBatch batch,
      Method method,
      boolean last,
      Optional<Decision> givenUp,
      Announcer announcer,
      Cancellation cancellation) {
    AdapterId id = releases.next(batch.adapter());
    Optional<Champion> champion = releases.champion(batch.adapter());
    Optional<Decision> refusal =
        givenUp
            .or(() -> superseded(batch, method))
            .or(() -> contest.refusal().map(Verdict.Retained::decision));
    Announcement announcement =
        refusal.isPresent()
            ? contest.retained(id, method, refusal.get(), 0)
            : contest.challenge(
                id,
                method,
                champions.read(batch.adapter()).orElse(null),
                progress -> {
                  metrics.progress(batch.adapter(), method, progress);
                  events.progress(batch, method, progress);
                },
                cancellation);
    try {
      // A training takes minutes: an operator may have pinned or promoted a version meanwhile.
      releases.refresh();
      Optional<String> serving = releases.champion(batch.adapter()).map(Champion::digest);
      if (announcement.promoted() && !serving.equals(champion.map(Champion::digest))) {
        LOG.info("{} was held against {}, which serves no longer; trying again", id, champion);
        return false;
      }
      ServingPlan.Pin pin = releases.plan(batch.adapter()).pinned();
      if (announcement.promoted() && pin != null) {
        announcement = announcement.heldBy(pin.version());
      }
      announcer.announce(announcement.after(releases.servedBefore(id)), last);
    } finally {
      if (announcement.staged() != null) {
        bench.store().discard(announcement.staged());
      }
    }
    tell(batch, announcement.release());
    if (announcement.serves()) {
      contest.crowned();
    }
    if (announcement.promoted()) {
      cleanUp(announcement.serves() ? id : champion.orElseThrow().id());
    }
    return true;
  }

  /**
   * A trainer that falls behind catches up by passing over: the newest batch's training set holds
   * the examples of all earlier ones. Not for ever, or a busy stream would never get its LoRA.
   */
  private Optional<Decision> superseded(TrainingBatch batch, Method method) {
    batches.refresh();
    TrainingBatch newest = batches.newest(batch);
    String what = batch.adapter() + "/" + method;
    if (newest.sequence() <= batch.sequence()
        || passedOver.getOrDefault(what, 0) >= config.passOver()) {
      passedOver.remove(what);
      return Optional.empty();
    }
    passedOver.merge(what, 1, Integer::sum);
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
      Set<Integer> named = new TreeSet<>(releases.plan(champion.adapter()).versions());
      // What a rollback without a version goes to.
      releases.servedBefore(champion).stream().limit(1).forEach(named::add);
      retention.apply(champion, named).forEach(old -> LOG.info("removed the old artifact {}", old));
    } catch (StoreException e) {
      LOG.warn("old artifacts of {} stay: {}", champion.adapter(), e.getMessage());
    }
  }

  private static boolean isOutage(RuntimeException e) {
    return e instanceof KafkaException
        || (e instanceof StoreException store && store.reason().equals("store-io"));
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
