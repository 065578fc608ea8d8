package dev.weir.standalone.demo;

import dev.weir.contract.event.LabelScheme;
import dev.weir.contract.event.TextNormalizer;
import dev.weir.contract.event.TrainingBatch;
import dev.weir.contract.fault.WeirException;
import dev.weir.contract.release.Release;
import dev.weir.service.process.CommonSettings;
import dev.weir.standalone.loop.EventProducer;
import dev.weir.standalone.loop.LocalLoop;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * One demo: a started {@link LocalLoop}, people who review and label, and the story of what
 * happens.
 *
 * <p>For one thread. Does not close the loop.
 */
public final class DemoRun {

  private static final int MAX_TOKENS = 256;
  private static final int METHODS_PER_BATCH = 2;
  private static final long STATUS_NANOS = 10_000_000_000L;

  /** What a demo without an end says when nothing more will come of its own feedback. */
  private static final String LEARNED =
      "all feedback is learned; reviews go on, and labels that you give in the console are learned"
          + " too. Ctrl-C ends the demo.";

  private final DemoOptions options;
  private final DemoData data;
  private final LabelScheme labels;
  private final Story story;
  private final long distinctTexts;

  /**
   * Reads the data.
   *
   * @param labels those of the default adapter
   * @throws WeirException if it cannot make a demo
   */
  public DemoRun(DemoOptions options, LabelScheme labels, PrintWriter out) {
    this.options = options;
    this.labels = labels;
    this.data = DemoData.load(options, labels);
    this.distinctTexts =
        data.feedback().stream()
            .map(review -> TextNormalizer.hash(review.text()))
            .distinct()
            .count();
    this.story = new Story(out);
  }

  /** Settings of the loop that fit this run: a few batches, each closed when it is full. */
  public Map<String, String> settings(Map<String, String> environment) {
    Map<String, String> settings = new HashMap<>();
    settings.put(
        "WEIR_CURATION_BATCH_SIZE", Integer.toString(data.feedback().size() / DemoData.BATCHES));
    // The trainer is the bottleneck here, and nobody else's: the sample's traffic is light.
    settings.put(
        "WEIR_TRAIN_THREADS", Integer.toString(Runtime.getRuntime().availableProcessors()));
    // A laptop's minutes: less than the defaults, which aim at the best adapter.
    settings.put("WEIR_TRAIN_TARGETS", "query,value");
    settings.put("WEIR_TRAIN_RANK", "8");
    settings.put("WEIR_TRAIN_ALPHA", "16");
    settings.put("WEIR_TRAIN_LAYERS", "4");
    settings.put("WEIR_TRAIN_EPOCHS", "2");
    settings.put("WEIR_TRAIN_BATCH_SIZE", "16");
    settings.put("WEIR_TRAIN_LEARNING_RATE", "5e-4");
    // A few hundred rows: the gate needs more of them than the default share to tell versions
    // apart.
    settings.put("WEIR_CURATION_HOLDOUT_SHARE", "0.3");
    settings.put("WEIR_CURATION_BATCH_MIN", "1");
    // Only for what a lost record would leave open: the batches are meant to close by count.
    settings.put("WEIR_CURATION_BATCH_AGE", "60s");
    settings.putAll(environment);
    return settings;
  }

  /**
   * Runs the demo.
   *
   * @return the report, ready for JSON
   * @throws InterruptedException when the run is called off
   */
  public Object run(LocalLoop loop) throws InterruptedException, IOException {
    String run = "demo-" + UUID.randomUUID().toString().substring(0, 8);
    long started = System.nanoTime();
    long deadline = started + options.timeout().toNanos();
    introduce(loop);
    int tokens = Math.min(MAX_TOKENS, loop.base().config().maxPositions());
    double before =
        new UntrainedBaseline(loop.base(), labels.names(), tokens).accuracy(data.unseen());
    story.say(
        "before any feedback: an untrained head is right on %.1f %% of the %d unseen reviews",
        100 * before, data.unseen().size());
    SentenceBoard board =
        new SentenceBoard(
            DemoData.sentences(), loop.httpUrl(), loop.settings().get(CommonSettings.API_KEY));
    story.show(board.next("never-labeled sentences"));
    LoopState state = new LoopState(data.unseen());
    try (EventProducer producer = new EventProducer(loop.kafka());
        LoopObserver observer = new LoopObserver(loop.kafka(), loop.topics(), state, story, run);
        ReviewFeeder feeder =
            new ReviewFeeder(
                producer, loop.topics(), data, run, options.rate(), options.data() == null)) {
      observer.start();
      feeder.start();
      follow(state, feeder, board, deadline);
      return finish(state, feeder, before, started, deadline);
    }
  }

  private void introduce(LocalLoop loop) {
    story.say(
        "Kafka at %s, HTTP at %s, base model %s (%s…), data in %s",
        String.valueOf(loop.kafka().get("bootstrap.servers")),
        loop.httpUrl(),
        loop.base().name(),
        loop.base().digest().substring(0, 12),
        loop.dataDir());
    story.say("watch it, and label reviews yourself, at %s", loop.httpUrl());
    story.say(
        "%s: %d reviews become feedback, %d are only ever classified; accuracy is measured on"
            + " these",
        options.data() == null ? "the sample" : options.data().toString(),
        data.feedback().size(),
        data.unseen().size());
    for (String skipped : data.skipped().stream().limit(5).toList()) {
      story.say("left out: %s", skipped);
    }
    if (data.skipped().size() > 5) {
      story.say("left out: %d more rows", data.skipped().size() - 5);
    }
  }

  /** Tells the story until everything is learned; without {@code once}, until it is called off. */
  private void follow(LoopState state, ReviewFeeder feeder, SentenceBoard board, long deadline)
      throws InterruptedException, IOException {
    int shown = 0;
    boolean toldLearned = false;
    long lastReviews = 0;
    long lastTime = System.nanoTime();
    long statusDue = lastTime + STATUS_NANOS;
    while (!options.once() || !learned(state, feeder)) {
      if (Thread.interrupted()) {
        throw new InterruptedException("the demo was called off");
      }
      if (options.once() && System.nanoTime() > deadline) {
        throw new DemoException(
            "the demo did not end within %d s (--timeout): %d batches, %d decisions, %d promoted"
                .formatted(
                    options.timeout().toSeconds(),
                    state.batches().size(),
                    state.releases().size(),
                    state.promoted().size()));
      }
      int before = shown;
      boolean waiting = !toldLearned;
      // Each condition is false again after its news was told: otherwise this loop would not wait.
      state.await(
          () -> liveVersions(state) > before || (waiting && learned(state, feeder)), statusDue);
      if (liveVersions(state) > shown) {
        shown = liveVersions(state);
        show(board, "never-labeled sentences, " + newestLive(state).id());
      }
      if (!options.once() && !toldLearned && learned(state, feeder)) {
        toldLearned = true;
        story.say(LEARNED);
      }
      long now = System.nanoTime();
      if (now >= statusDue) {
        double rate = (feeder.reviews() - lastReviews) / ((now - lastTime) / 1e9);
        lastReviews = feeder.reviews();
        lastTime = now;
        statusDue = now + STATUS_NANOS;
        story.status(feeder.reviews(), rate, feeder.feedback(), state);
      }
    }
  }

  /** A demo without an end outlives a moment in which nobody answers. */
  private void show(SentenceBoard board, String title) throws InterruptedException, IOException {
    try {
      story.show(board.next(title));
    } catch (IOException | DemoException e) {
      if (options.once()) {
        throw e;
      }
      story.say("the sentences were not answered: %s", e);
    }
  }

  /** All feedback is in closed batches, all batches are decided, all promoted versions served. */
  private boolean learned(LoopState state, ReviewFeeder feeder) {
    if (!feeder.feedbackDone() || state.examples() < distinctTexts) {
      return false;
    }
    List<TrainingBatch> batches = state.batches();
    long batched = batches.stream().mapToInt(TrainingBatch::size).sum();
    return batched >= state.examples()
        && state.releases().size() >= METHODS_PER_BATCH * batches.size()
        && liveVersions(state) == state.promoted().size();
  }

  private static int liveVersions(LoopState state) {
    return (int) state.promoted().stream().filter(r -> state.served(r.version()) != null).count();
  }

  private static Release newestLive(LoopState state) {
    return state.promoted().stream()
        .filter(release -> state.served(release.version()) != null)
        .reduce((first, second) -> second)
        .orElseThrow();
  }

  private DemoReport finish(
      LoopState state, ReviewFeeder feeder, double before, long started, long deadline)
      throws InterruptedException {
    feeder.stop();
    List<Release> promoted = state.promoted();
    if (promoted.size() < 2) {
      throw new DemoException(
          "only %d adapters were promoted, a demo needs two; decisions: %s"
              .formatted(
                  promoted.size(),
                  state.releases().stream()
                      .map(r -> r.id() + " " + r.decision().reason())
                      .collect(Collectors.joining(", "))));
    }
    Release champion = promoted.get(promoted.size() - 1);
    story.say("last pass: %s answers all %d unseen reviews", champion.id(), data.unseen().size());
    feeder.finalPass();
    boolean all =
        state.await(
            () ->
                state.finalAnswers() == data.unseen().size()
                    && state.classifications() >= feeder.reviews(),
            deadline);
    Set<Integer> answered = state.finalVersions();
    if (!all || !answered.equals(Set.of(champion.version()))) {
      throw new DemoException(
          "the last pass has %d of %d answers, by versions %s instead of %d alone"
              .formatted(state.finalAnswers(), data.unseen().size(), answered, champion.version()));
    }
    DemoReport report =
        new DemoReport(
            feeder.reviews(),
            state.classifications(),
            feeder.feedback(),
            state.deadLetterCount(),
            adapters(state, promoted),
            before,
            state.finalAccuracy(),
            data.unseen().size(),
            (System.nanoTime() - started) / 1e9);
    story.show(report.table());
    return report;
  }

  private static List<DemoReport.Adapter> adapters(LoopState state, List<Release> promoted) {
    List<DemoReport.Adapter> adapters = new ArrayList<>();
    for (Release release : promoted) {
      LoopState.Served served = Objects.requireNonNull(state.served(release.version()));
      adapters.add(
          new DemoReport.Adapter(
              release.adapter(),
              release.version(),
              release.method().name().toLowerCase(Locale.ROOT).replace('_', '-'),
              Objects.requireNonNullElse(release.digest(), ""),
              release.decision().accuracy(),
              release.trainingExamples(),
              release.trainingSeconds(),
              Story.seconds(release.lastFeedbackAt(), served.first())));
    }
    return adapters;
  }

  /** The demo did not come to its end. */
  static final class DemoException extends WeirException {
    private static final long serialVersionUID = 1L;

    DemoException(String problem) {
      super("demo-failed", problem, null);
    }
  }
}
