package dev.weir.trainer.build;

import dev.weir.contract.event.TrainingBatch;
import dev.weir.contract.fault.WeirException;
import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.Decision;
import dev.weir.contract.release.Decision.PrecisionFigures;
import dev.weir.contract.release.Manifest;
import dev.weir.contract.release.Method;
import dev.weir.contract.release.Release;
import dev.weir.contract.topic.Installation;
import dev.weir.model.peft.PeftFiles;
import dev.weir.model.spec.Precision;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.store.artifact.StoreException;
import dev.weir.trainer.data.TrainingSet;
import dev.weir.trainer.evaluate.HoldoutJudge;
import dev.weir.trainer.evaluate.PromotionGate;
import dev.weir.trainer.evaluate.Verdict;
import dev.weir.trainer.export.ArtifactWriter;
import dev.weir.trainer.export.ParityCheck;
import dev.weir.trainer.fit.AdapterTrainer;
import dev.weir.trainer.fit.EncodedExamples;
import dev.weir.trainer.fit.FitProgress;
import dev.weir.trainer.meter.TrainerMetrics;
import dev.weir.trainer.publish.Announcement;
import dev.weir.trainer.publish.ChampionReader.Reigning;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
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
public final class Contest {

  private static final Logger LOG = LoggerFactory.getLogger(Contest.class);
  private static final int PARITY_ROWS = 8;
  private static final int ENCODED_AT_ONCE = 128;

  private final Bench bench;
  private final TrainingBatch batch;
  private final TrainingSet set;
  private final Installation ours;
  private final TrainerMetrics metrics;
  private final Clock clock;
  private final List<Manifest.ReadUpTo> readUpTo;
  private @Nullable EncodedExamples examples;
  private @Nullable AdapterWeights candidate;
  private @Nullable AdapterWeights next;
  private @Nullable HoldoutJudge judge;
  private @Nullable AdapterTrainer trainer;
  private @Nullable String trainerParent;

  /**
   * A contest.
   *
   * @param readUpTo how far the topic of examples had been read for {@code set}
   * @param ours the installation that the adapter will be of
   */
  public Contest(
      Bench bench,
      TrainingBatch batch,
      TrainingSet set,
      List<Manifest.ReadUpTo> readUpTo,
      Installation ours,
      TrainerMetrics metrics,
      Clock clock) {
    this.bench = bench;
    this.batch = batch;
    this.set = set;
    this.readUpTo = List.copyOf(readUpTo);
    this.ours = ours;
    this.metrics = metrics;
    this.clock = clock;
  }

  /** What speaks against any training on this batch, if anything. */
  public Optional<Verdict.Retained> refusal() {
    return bench.gate().before(set.trainLabels(), set.holdout().size());
  }

  /**
   * Makes a challenger and judges it. A promoted one's artifact is staged: the caller publishes or
   * discards it.
   *
   * @throws java.util.concurrent.CancellationException if it was called off
   */
  public Announcement challenge(
      AdapterId id,
      Method method,
      @Nullable Reigning champion,
      FitProgress.Listener listener,
      Cancellation cancellation) {
    long began = System.nanoTime();
    AdapterTrainer.Trained trained = train(method, champion, listener, cancellation);
    Optional<Verdict.Retained> unsound =
        bench.gate().after(trained.steps(), trained.nonFiniteSteps());
    if (unsound.isPresent()) {
      trained(method, seconds(began), trained);
      return retained(id, method, unsound.get().decision(), seconds(began));
    }
    Path staged = bench.store().stage();
    boolean handedOver = false;
    try {
      bench.writer().writeAdapter(staged, trained.weights(), bench.options().limit());
      AdapterWeights written = PeftFiles.read(staged, bench.base().config());
      double seconds = seconds(began);
      trained(method, seconds, trained);
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
      cancellation.check();
      Decision decision = withPrecisions(verdict.decision(), written, staged);
      Manifest manifest = manifest(id, method, champion, decision, written);
      String digest = bench.writer().seal(staged, manifest, decision);
      handedOver = true;
      candidate = written;
      return new Announcement(
          promoted(id, method, digest, decision, seconds, manifest.precisions()), staged);
    } finally {
      if (!handedOver) {
        bench.store().discard(staged);
      }
    }
  }

  private void trained(Method method, double seconds, AdapterTrainer.Trained trained) {
    metrics.trained(
        method, seconds, trained.examplesPerSecond(), trained.steps(), trained.nonFiniteSteps());
  }

  /** The last challenger was announced and serves: the next batch's training starts from it. */
  public void crowned() {
    next = candidate;
  }

  /**
   * Encodes the training texts for the champion that this contest made, if it made one: the next
   * batch's head refresh then has only its own texts to encode.
   *
   * @throws java.util.concurrent.CancellationException if it was called off
   */
  public void prepareNext(Cancellation cancellation) {
    AdapterWeights champion = next;
    if (champion == null) {
      return;
    }
    List<int[]> tokens = examples().tokens();
    for (int from = 0; from < tokens.size(); from += ENCODED_AT_ONCE) {
      cancellation.check();
      int to = Math.min(tokens.size(), from + ENCODED_AT_ONCE);
      bench.serving().vectors(champion, tokens.subList(from, to));
    }
  }

  /** A retained decision without a challenger. */
  public Announcement retained(AdapterId id, Method method, Decision decision, double seconds) {
    return new Announcement(
        release(id, method, Release.State.RETAINED, null, decision, seconds, List.of()), null);
  }

  /**
   * Judges the artifact that an earlier try of this training left in the store before it could
   * announce it; empty, and the artifact left alone, if it is not what a try would make now, is
   * damaged, or does not pass.
   */
  public Optional<Announcement> adopt(
      AdapterId orphan, Method method, @Nullable Reigning champion) {
    try {
      Manifest manifest = bench.store().manifest(orphan).orElseThrow();
      if (!manifest.baseDigest().equals(bench.base().digest())
          || !manifest.labels().equals(batch.labels())) {
        LOG.warn("{} of an earlier try is for another base or other labels; left alone", orphan);
        return Optional.empty();
      }
      String digest = bench.store().digest(orphan).orElseThrow();
      AdapterWeights weights =
          PeftFiles.read(bench.store().fetch(orphan, digest), bench.base().config());
      Verdict verdict = judge(weights, champion);
      if (verdict instanceof Verdict.Retained) {
        LOG.warn("{} of an earlier try does not pass any more; left alone", orphan);
        return Optional.empty();
      }
      LOG.info("adopting {} of an earlier try: {}", orphan, digest);
      candidate = weights;
      Decision decision =
          verdict
              .decision()
              .withPrecisions(judge().precisions(weights, bench.others()))
              .withCalibration(judge().calibration(weights, manifest.temperature()));
      return Optional.of(
          new Announcement(
              promoted(orphan, method, digest, decision, 0, manifest.precisions()), null));
    } catch (WeirException e) {
      // Damaged, not signed by whom this trainer believes, or not what its manifest says.
      if (e instanceof StoreException && e.reason().equals("store-io")) {
        throw e;
      }
      LOG.warn("{} of an earlier try is left alone ({}): {}", orphan, e.reason(), e.getMessage());
      return Optional.empty();
    }
  }

  private AdapterTrainer.Trained train(
      Method method,
      @Nullable Reigning champion,
      FitProgress.Listener listener,
      Cancellation cancellation) {
    String parent = champion == null ? "" : champion.champion().digest();
    AdapterTrainer ready = trainer;
    if (ready == null || !parent.equals(trainerParent)) {
      ready =
          new AdapterTrainer(
              bench.serving(),
              bench.options(),
              batch.labels(),
              examples(),
              set.withReplay(bench.options().replay()),
              champion == null ? null : champion.weights());
      trainer = ready;
      trainerParent = parent;
    }
    return method == Method.HEAD_REFRESH
        ? ready.headRefresh()
        : ready.lora(bench.encoder(), listener, cancellation::isCancelled);
  }

  private EncodedExamples examples() {
    if (examples == null) {
      examples =
          EncodedExamples.of(
              set.train(), batch.labels(), bench.base().tokenizer(), bench.options().limit());
    }
    return examples;
  }

  private Optional<Verdict.Retained> parity(Path staged, AdapterWeights weights) {
    double difference =
        ParityCheck.difference(
            bench.encoder(),
            weights,
            staged.resolve(ArtifactWriter.MERGED),
            judge().sample(PARITY_ROWS));
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
    return champion == null
        ? judge().judge(challenger)
        : judge()
            .judge(challenger, champion.champion(), champion.weights(), champion.bestOnFrozen());
  }

  private HoldoutJudge judge() {
    if (judge == null) {
      judge = new HoldoutJudge(bench.gate(), bench.serving(), set, bench.options().limit());
    }
    return judge;
  }

  /** Judges the other precisions, and leaves an 8-bit file in the artifact if that may ship. */
  private Decision withPrecisions(Decision decision, AdapterWeights weights, Path staged) {
    List<PrecisionFigures> figures = new ArrayList<>(judge().precisions(weights, bench.others()));
    if (allowed(figures).contains(Precision.INT8.id())) {
      Path file = bench.writer().writeMergedInt8(staged, weights);
      PrecisionFigures merged = judge().merged(weights, file);
      figures.add(merged);
      if (!merged.allowed()) {
        bench.writer().remove(file);
      }
    }
    return decision.withPrecisions(figures);
  }

  /** The precisions that replicas may serve in. */
  private static List<String> allowed(List<PrecisionFigures> figures) {
    return figures.stream()
        .filter(PrecisionFigures::allowed)
        .map(PrecisionFigures::form)
        .filter(form -> !form.equals(ArtifactWriter.MERGED_INT8))
        .toList();
  }

  private Manifest manifest(
      AdapterId id,
      Method method,
      @Nullable Reigning champion,
      Decision decision,
      AdapterWeights weights) {
    return Manifests.of(
        bench.base(),
        id,
        method,
        weights.labels(),
        bench.options(),
        temperature(decision.calibration()),
        Manifests.metrics(decision),
        allowed(decision.precisions()),
        new Manifests.Origin(
            champion == null ? null : champion.champion(),
            batch,
            set.train().size(),
            set.replayed(),
            set.holdout().size(),
            set.labelCounts(),
            readUpTo,
            ours));
  }

  private static double temperature(Decision.@Nullable Calibration calibration) {
    return calibration == null ? 1 : calibration.temperature();
  }

  private Release promoted(
      AdapterId id,
      Method method,
      String digest,
      Decision decision,
      double seconds,
      List<String> precisions) {
    return release(id, method, Release.State.PROMOTED, digest, decision, seconds, precisions);
  }

  private Release release(
      AdapterId id,
      Method method,
      Release.State state,
      @Nullable String digest,
      Decision decision,
      double seconds,
      List<String> precisions) {
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
        clock.instant(),
        precisions);
  }

  private static double seconds(long began) {
    return (System.nanoTime() - began) / 1e9;
  }
}
