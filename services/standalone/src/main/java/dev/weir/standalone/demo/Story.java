package dev.weir.standalone.demo;

import dev.weir.contract.event.Classification;
import dev.weir.contract.event.Split;
import dev.weir.contract.event.TrainingBatch;
import dev.weir.contract.event.TrainingEvent;
import dev.weir.contract.release.Decision;
import dev.weir.contract.release.Release;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * Tells on the terminal what happens in the loop, one line per event with the seconds since the
 * start.
 *
 * <p>Thread-safe: every line is printed whole.
 */
final class Story {

  private final PrintWriter out;
  private final long started = System.nanoTime();

  Story(PrintWriter out) {
    this.out = out;
  }

  synchronized void say(String format, Object... arguments) {
    out.printf(
        Locale.ROOT,
        "[%5.1fs] %s%n",
        (System.nanoTime() - started) / 1e9,
        String.format(Locale.ROOT, format, arguments));
    out.flush();
  }

  /** Prints a block as it is, without the time. */
  synchronized void show(String block) {
    out.println(block);
    out.flush();
  }

  void batch(TrainingBatch batch) {
    say(
        "batch %s closed by %s: %d new examples (train %s, holdout %s)",
        batch.id(),
        batch.closedBy().name().toLowerCase(Locale.ROOT),
        batch.size(),
        counts(batch, Split.TRAIN),
        counts(batch, Split.HOLDOUT));
  }

  private static String counts(TrainingBatch batch, Split split) {
    Map<String, Integer> counts = batch.counts().getOrDefault(split, Map.of());
    StringBuilder text = new StringBuilder();
    for (String label : batch.labels()) {
      text.append(text.isEmpty() ? "" : " + ").append(counts.getOrDefault(label, 0));
    }
    return text.toString();
  }

  void training(TrainingEvent event) {
    switch (event.phase()) {
      case STARTED, FAILED -> say("training: %s", event.message());
      case PROGRESS -> say("%s", progress(event));
      case PROMOTED, RETAINED -> {
        // The release record tells the same, with its figures.
      }
    }
  }

  private static String progress(TrainingEvent event) {
    StringBuilder line = new StringBuilder("training ");
    line.append(event.method() == null ? "" : event.method()).append(':');
    if (event.step() != null && event.steps() != null) {
      line.append(" step %d/%d".formatted(event.step(), event.steps()));
    }
    if (event.loss() != null) {
      line.append(String.format(Locale.ROOT, "  loss %.4f", event.loss()));
    }
    if (event.examplesPerSecond() != null) {
      line.append(String.format(Locale.ROOT, "  %.1f examples/s", event.examplesPerSecond()));
    }
    if (event.secondsLeft() != null) {
      line.append(String.format(Locale.ROOT, "  %.0f s left", event.secondsLeft()));
    }
    return event.step() == null ? line + " " + event.message() : line.toString();
  }

  void decided(Release release) {
    if (release.decision().reason().equals("superseded")) {
      say("%s: batch %s passed over, a newer one waits", method(release), release.batchId());
      return;
    }
    Decision decision = release.decision();
    String figures =
        String.format(
            Locale.ROOT,
            "holdout %d rows: accuracy %.3f, log loss %.3f",
            decision.holdoutRows(),
            decision.accuracy(),
            decision.logLoss());
    if (decision.championAccuracy() != null && decision.championLogLoss() != null) {
      figures +=
          String.format(
              Locale.ROOT,
              " (champion %s@%d: %.3f, %.3f; p=%.3f)",
              release.adapter(),
              decision.championVersion(),
              decision.championAccuracy(),
              decision.championLogLoss(),
              decision.pValue());
    }
    say(
        "gate: %s (%s) %s, %s; %s",
        release.id(),
        method(release),
        release.state() == Release.State.PROMOTED ? "PROMOTED" : "retained",
        decision.reason(),
        figures);
  }

  private static String method(Release release) {
    return release.method().name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  void live(Classification classification) {
    String digest = classification.adapterDigest();
    say(
        "adapter %s@%s is live (digest %s)",
        classification.adapter(),
        String.valueOf(classification.version()),
        digest == null ? "none" : digest.substring(0, 12));
  }

  void deadLetter(@Nullable String reason, @Nullable String message) {
    say("dead letter: %s: %s", String.valueOf(reason), String.valueOf(message));
  }

  /** The line with the running figures. */
  void status(long reviews, double reviewsPerSecond, long feedback, LoopState state) {
    OptionalDouble accuracy = state.recentAccuracy();
    say(
        "reviews %d (%.1f/s)  classified %d (%d abstained)  feedback %d: %d accepted, %d rejected%s",
        reviews,
        reviewsPerSecond,
        state.classifications(),
        state.abstained(),
        feedback,
        state.examples(),
        state.deadLetterCount(),
        accuracy.isPresent()
            ? String.format(Locale.ROOT, "  live accuracy %.1f %%", 100 * accuracy.getAsDouble())
            : "");
  }

  /** Seconds between two instants. */
  static double seconds(Instant from, Instant to) {
    return Duration.between(from, to).toMillis() / 1000.0;
  }
}
