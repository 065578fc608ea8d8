package dev.weir.trainer;

import dev.weir.common.adapter.AdapterId;
import dev.weir.common.adapter.AdapterWeights;
import dev.weir.common.adapter.Decision;
import dev.weir.common.adapter.Manifest;
import dev.weir.common.adapter.Method;
import dev.weir.common.adapter.PeftFiles;
import dev.weir.common.adapter.Release;
import dev.weir.common.event.TrainingBatch;
import dev.weir.trainer.data.TrainingSet;
import dev.weir.trainer.evaluate.HoldoutEvaluator;
import dev.weir.trainer.evaluate.PromotionGate;
import dev.weir.trainer.evaluate.Scores;
import dev.weir.trainer.evaluate.Verdict;
import dev.weir.trainer.export.ParityCheck;
import dev.weir.trainer.fit.AdapterTrainer;
import dev.weir.trainer.fit.EncodedExamples;
import dev.weir.trainer.fit.FitProgress;
import dev.weir.trainer.publish.Announcement;
import dev.weir.trainer.publish.ChampionReader.Reigning;
import java.nio.file.Path;
import java.time.Clock;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One batch's contest: makes challengers and holds them against the champion on the same rows.
 *
 * <p>Judged is what was written: a challenger's files are read back before they are scored. Owned
 * by the fitting thread.
 */
final class Contest {

  private static final Logger LOG = LoggerFactory.getLogger(Contest.class);
  private static final int PARITY_ROWS = 8;

  private final Bench bench;
  private final TrainingBatch batch;
  private final TrainingSet set;
  private final TrainerMetrics metrics;
  private final Clock clock;
  private final Map<String, Scores> championScores = new HashMap<>();
  private @Nullable HoldoutEvaluator evaluator;
  private @Nullable AdapterTrainer trainer;
  private @Nullable String trainerParent;

  Contest(Bench bench, TrainingBatch batch, TrainingSet set, TrainerMetrics metrics, Clock clock) {
    this.bench = bench;
    this.batch = batch;
    this.set = set;
    this.metrics = metrics;
    this.clock = clock;
  }

  /** What speaks against any training on this batch, if anything. */
  Optional<Verdict.Retained> refusal() {
    return bench.gate().before(set.trainLabels(), set.holdout().size());
  }

  /**
   * Makes a challenger, or adopts the one that an earlier try left in the store, and judges it. A
   * promoted one's artifact is staged: the caller publishes or discards it.
   *
   * @throws java.util.concurrent.CancellationException if it was called off
   */
  Announcement challenge(
      AdapterId id,
      Method method,
      @Nullable Reigning champion,
      FitProgress.Listener listener,
      Cancellation cancellation) {
    Optional<Announcement> adopted = adopt(id, method, champion);
    if (adopted.isPresent()) {
      return adopted.get();
    }
    long began = System.nanoTime();
    AdapterTrainer.Trained trained = train(method, champion, listener, cancellation);
    Optional<Verdict.Retained> unsound =
        bench.gate().after(trained.steps(), trained.nonFiniteSteps());
    if (unsound.isPresent()) {
      metrics.trained(
          method, seconds(began), trained.examplesPerSecond(), trained.nonFiniteSteps());
      return retained(id, method, unsound.get().decision(), seconds(began));
    }
    Path staged = bench.store().stage();
    boolean handedOver = false;
    try {
      bench.writer().writeAdapter(staged, trained.weights(), bench.options().limit());
      AdapterWeights written = PeftFiles.read(staged, bench.base().config());
      double seconds = seconds(began);
      metrics.trained(method, seconds, trained.examplesPerSecond(), trained.nonFiniteSteps());
      cancellation.check();
      Verdict verdict = judge(written, champion);
      if (verdict instanceof Verdict.Retained) {
        return retained(id, method, verdict.decision(), seconds);
      }
      // Only now: the merged model is as large as the base, and a retained challenger needs none.
      bench.writer().writeMerged(staged, trained.weights());
      Optional<Verdict.Retained> unlike = parity(staged, trained.weights());
      if (unlike.isPresent()) {
        return retained(id, method, unlike.get().decision(), seconds);
      }
      String digest = bench.writer().seal(staged, manifest(id, method, champion, verdict, written));
      handedOver = true;
      return new Announcement(
          release(id, method, Release.State.PROMOTED, digest, verdict.decision(), seconds), staged);
    } finally {
      if (!handedOver) {
        bench.store().discard(staged);
      }
    }
  }

  /** A retained decision without a challenger. */
  Announcement retained(AdapterId id, Method method, Decision decision, double seconds) {
    return new Announcement(
        release(id, method, Release.State.RETAINED, null, decision, seconds), null);
  }

  /** An artifact without a record stems from a try that died before it could announce it. */
  private Optional<Announcement> adopt(AdapterId id, Method method, @Nullable Reigning champion) {
    Optional<Manifest> orphan = bench.store().manifest(id);
    if (orphan.isEmpty()) {
      return Optional.empty();
    }
    Manifest manifest = orphan.get();
    if (manifest.method() == method
        && batch.id().equals(manifest.lineage().batchId())
        && manifest.baseDigest().equals(bench.base().digest())
        && manifest.labels().equals(batch.labels())) {
      String digest = bench.store().digest(id).orElseThrow();
      Path directory = bench.store().fetch(id, digest);
      AdapterWeights weights = PeftFiles.read(directory, bench.base().config());
      Verdict verdict = judge(weights, champion);
      if (verdict instanceof Verdict.Promoted) {
        LOG.info("adopting {} of an earlier try: {}", id, digest);
        return Optional.of(
            new Announcement(
                release(id, method, Release.State.PROMOTED, digest, verdict.decision(), 0), null));
      }
    }
    LOG.info("deleting {}, an artifact that was never announced", id);
    bench.store().delete(id);
    return Optional.empty();
  }

  private AdapterTrainer.Trained train(
      Method method,
      @Nullable Reigning champion,
      FitProgress.Listener listener,
      Cancellation cancellation) {
    String parent = champion == null ? "" : champion.champion().digest();
    AdapterTrainer ready = trainer;
    if (ready == null || !parent.equals(trainerParent)) {
      EncodedExamples examples =
          EncodedExamples.of(
              set.train(), batch.labels(), bench.base().tokenizer(), bench.options().limit());
      ready =
          new AdapterTrainer(
              bench.serving(),
              bench.options(),
              batch.labels(),
              examples,
              champion == null ? null : champion.weights());
      trainer = ready;
      trainerParent = parent;
    }
    return method == Method.HEAD_REFRESH
        ? ready.headRefresh()
        : ready.lora(bench.encoder(), listener, cancellation::isCancelled);
  }

  private Optional<Verdict.Retained> parity(Path staged, AdapterWeights weights) {
    double difference =
        ParityCheck.difference(
            bench.encoder(),
            weights,
            staged.resolve(dev.weir.trainer.export.ArtifactWriter.MERGED),
            evaluator().sample(PARITY_ROWS));
    if (difference <= ParityCheck.TOLERANCE) {
      return Optional.empty();
    }
    return Optional.of(
        PromotionGate.refused(
            "parity-failed",
            "the merged model's logits differ by %s from the trained ones, at most %s is rounding; report this as a defect"
                .formatted(difference, ParityCheck.TOLERANCE)));
  }

  private Verdict judge(AdapterWeights challenger, @Nullable Reigning champion) {
    HoldoutEvaluator rows = evaluator();
    if (champion == null) {
      return bench.gate().judge(rows.score(challenger), null, null, rows.wanted());
    }
    Scores reigning =
        championScores.computeIfAbsent(
            champion.champion().digest(), digest -> rows.score(champion.weights()));
    return bench
        .gate()
        .judge(rows.score(challenger), reigning, champion.champion().version(), rows.wanted());
  }

  private HoldoutEvaluator evaluator() {
    if (evaluator == null) {
      evaluator = new HoldoutEvaluator(bench.serving(), set.holdout(), bench.options().limit());
    }
    return evaluator;
  }

  private Manifest manifest(
      AdapterId id,
      Method method,
      @Nullable Reigning champion,
      Verdict verdict,
      AdapterWeights weights) {
    Decision decision = verdict.decision();
    return Manifests.of(
        bench.base(),
        id,
        method,
        weights.labels(),
        bench.options(),
        Manifests.metrics(decision.accuracy(), decision.macroF1(), decision.logLoss()),
        new Manifests.Origin(
            champion == null ? null : champion.champion(),
            batch,
            set.train().size(),
            set.replayed(),
            set.holdout().size()));
  }

  private Release release(
      AdapterId id,
      Method method,
      Release.State state,
      @Nullable String digest,
      Decision decision,
      double seconds) {
    return new Release(
        id.adapter(),
        id.version(),
        state,
        method,
        digest,
        bench.base().name(),
        bench.base().digest(),
        batch.labels(),
        batch.id(),
        decision,
        set.train().size(),
        seconds,
        batch.lastFeedbackAt(),
        batch.closedAt(),
        clock.instant());
  }

  private static double seconds(long began) {
    return (System.nanoTime() - began) / 1e9;
  }
}
