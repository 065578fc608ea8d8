package dev.weir.benchmarks.recovery;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The tries, one after the other; each scenario has a broker and processes of its own. */
final class RecoveryRun {

  /** A try that takes longer has failed. */
  private static final Duration PATIENCE = Duration.ofMinutes(3);

  private final Path directory;
  private final String base;
  private final Optional<Path> clientConfig;
  private final int tries;
  private final int examples;
  private final List<Double> first = new ArrayList<>();
  private final List<Double> all = new ArrayList<>();

  RecoveryRun(Path directory, String base, Optional<Path> clientConfig, int tries, int examples) {
    this.directory = directory;
    this.base = base;
    this.clientConfig = clientConfig;
    this.tries = tries;
    this.examples = examples;
  }

  /** Tries a scenario; what goes wrong is in the outcome. */
  Outcome run(Scenario scenario) throws InterruptedException {
    first.clear();
    all.clear();
    Optional<String> failure = Optional.empty();
    try {
      Path own = Files.createDirectories(directory.resolve(scenario.id()));
      try (Installation installation = new Installation(own, base, clientConfig)) {
        switch (scenario) {
          case CRASH_INFERENCE -> inference(installation, true);
          case RESTART_INFERENCE -> inference(installation, false);
          case CRASH_CURATION -> curation(installation, true);
          case RESTART_CURATION -> curation(installation, false);
          case FROZEN_INFERENCE -> frozen(installation);
        }
      }
    } catch (IOException | RuntimeException e) {
      failure = Optional.of("try " + (first.size() + 1) + ": " + e.getMessage());
    }
    return new Outcome(scenario, first, all, failure);
  }

  private void inference(Installation installation, boolean crash)
      throws IOException, InterruptedException {
    Child inference = installation.startInference("a");
    installation.awaitReady("inference-a", inference);
    settle(installation, false);
    for (int i = 0; i < tries; i++) {
      long from = end(inference, crash);
      inference = installation.startInference("a");
      if (!crash) {
        from = inference.startedAt();
      }
      measure(from, installation.answers(), installation.sendReviews());
      installation.awaitReady("inference-a", inference);
    }
  }

  private void curation(Installation installation, boolean crash)
      throws IOException, InterruptedException {
    Child curation = installation.startCuration();
    installation.awaitReady("curation", curation);
    settle(installation, true);
    if (!crash) {
      installation.fill(examples);
    }
    for (int i = 0; i < tries; i++) {
      long from = end(curation, crash);
      curation = installation.startCuration();
      if (!crash) {
        from = curation.startedAt();
      }
      measure(from, installation.examples(), installation.sendLabels());
      installation.awaitReady("curation", curation);
    }
  }

  private void frozen(Installation installation) throws IOException, InterruptedException {
    Child one = installation.startInference("a");
    Child other = installation.startInference("b");
    installation.awaitReady("inference-a", one);
    installation.awaitReady("inference-b", other);
    settle(installation, false);
    for (int i = 0; i < tries; i++) {
      one.freeze();
      long from = end(other, true);
      other = installation.startInference("b");
      try {
        measure(from, installation.answers(), installation.sendReviews());
      } finally {
        one.thaw();
      }
      one.kill(); // What it holds is of no use any more; the next try begins with two sound ones.
      one = installation.startInference("a");
      installation.awaitReady("inference-a", one);
      installation.awaitReady("inference-b", other);
      settle(installation, false);
    }
  }

  private static long end(Child child, boolean crash) throws IOException, InterruptedException {
    long from = System.nanoTime();
    if (crash) {
      child.kill();
    } else {
      child.stop();
    }
    return from;
  }

  private void measure(long from, Arrivals arrivals, List<String> ids) throws InterruptedException {
    long deadline = from + PATIENCE.toNanos();
    double one = (arrivals.await(ids, false, deadline) - from) / 1e9;
    double each = (arrivals.await(ids, true, deadline) - from) / 1e9;
    first.add(one);
    all.add(each);
    System.out.printf(Locale.ROOT, "  %.1f s, each partition %.1f s%n", one, each);
  }

  /** Work flows on every partition. */
  private static void settle(Installation installation, boolean labels)
      throws InterruptedException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    if (labels) {
      installation.examples().await(installation.sendLabels(), true, deadline);
    } else {
      installation.answers().await(installation.sendReviews(), true, deadline);
    }
  }
}
