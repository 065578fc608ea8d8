package dev.weir.benchmarks.soak;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.benchmarks.Trend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** What the soak found, and which of it must not be. */
final class SoakVerdict {
  private static final double P99_LIMIT = 1.2;

  /** Growth of the resident set over the run that is tolerated, as a share of it. */
  private static final double GROWTH_LIMIT = 0.02;

  /** Below this many answers per kind of window a 99th percentile is a guess. */
  private static final long JUDGED_ANSWERS = 5000;

  /** Seconds of resident set below which a slope says nothing. */
  private static final int JUDGED_SECONDS = 120;

  private final ObjectNode json = new ObjectMapper().createObjectNode();
  private final List<String> violations = new ArrayList<>();

  void answers(AnswerCheck check, SwapDriver swaps) {
    json.put("announced", swaps.announced());
    json.put("corruptRefused", swaps.refused());
    json.put("errors", check.errors());
    json.put("wrongDigests", check.wrongDigests());
    json.put("wrongScores", check.wrongScores());
    check
        .answers()
        .forEach((version, count) -> json.withObject("/answers").put("v" + version, count.get()));
    json.set("liveAfterMs", swaps.liveAfter().json().path("sentences"));
    check.examples().forEach(json.withArray("examples")::add);
    violate(check.errors() > 0, check.errors() + " errors");
    violate(check.wrongDigests() > 0, check.wrongDigests() + " answers with a wrong digest");
    violate(check.wrongScores() > 0, check.wrongScores() + " answers of another version's numbers");
    violate(check.answers().size() < 2, "only one version ever answered");
    say(
        "%d swaps, %d corrupt releases refused, live after p50 %.1f ms, p99 %.1f ms",
        swaps.announced(), swaps.refused(), swaps.liveAfter().all(50), swaps.liveAfter().all(99));
    say(
        "answers per version %s: %d errors, %d wrong digests, %d wrong scores",
        check.answers(), check.errors(), check.wrongDigests(), check.wrongScores());
  }

  void latency(String path, double perSecond, Phases phases) {
    double quiet = phases.quiet().all(99);
    double swaps = phases.swaps().all(99);
    long answers = Math.min(phases.quiet().count(), phases.swaps().count());
    boolean judged = answers >= JUDGED_ANSWERS;
    ObjectNode node = json.withObject("/latencyMs/" + path);
    node.put("perSecond", perSecond);
    node.set("withoutSwaps", phases.quiet().json().path("sentences"));
    node.set("withSwaps", phases.swaps().json().path("sentences"));
    node.put("p99Ratio", swaps / quiet);
    node.put("judged", judged);
    violate(
        judged && swaps > P99_LIMIT * quiet,
        String.format(
            Locale.ROOT,
            "p99 over %s is %.1f ms during swaps and %.1f ms without, the limit is %.1f times",
            path,
            swaps,
            quiet,
            P99_LIMIT));
    say(
        "%s: p99 %.1f ms during swaps, %.1f ms without: %.2f times%s",
        path,
        swaps,
        quiet,
        swaps / quiet,
        judged ? "" : " (too few answers to judge, " + answers + ")");
  }

  void memory(double[] resident) {
    ObjectNode node = json.putObject("residentMiB");
    Arrays.stream(resident).forEach(node.withArray("perSecond")::add);
    if (resident.length < 4) {
      return;
    }
    Trend trend = Trend.of(resident, resident.length / 4);
    boolean judged = resident.length >= JUDGED_SECONDS;
    node.put("mean", trend.mean());
    node.put("slopePerSecond", trend.slope());
    node.put("standardError", trend.error());
    node.put("judged", judged);
    violate(
        judged && trend.grows(GROWTH_LIMIT),
        String.format(
            Locale.ROOT,
            "the resident set grows by %.3f ± %.3f MiB per second",
            trend.slope(),
            trend.error()));
    say(
        "resident set %.0f MiB, slope %.4f ± %.4f MiB per second over %d s%s",
        trend.mean(),
        trend.slope(),
        trend.error(),
        trend.steps(),
        judged ? "" : " (too short to judge)");
  }

  private void violate(boolean violated, String what) {
    if (violated) {
      violations.add(what);
    }
  }

  /** Writes the file and says what must not be; true if there is nothing. */
  boolean passed(Path file, ObjectNode machine) throws IOException {
    violations.forEach(json.withArray("violations")::add);
    json.set("machine", machine);
    Path parent = file.toAbsolutePath().getParent();
    if (parent != null) {
      Files.createDirectories(parent);
    }
    Files.write(
        file,
        new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValueAsBytes(json));
    violations.forEach(violation -> say("violated: %s", violation));
    say("%s: %s", file, violations.isEmpty() ? "passed" : "failed");
    return violations.isEmpty();
  }

  private static void say(String format, Object... values) {
    System.out.printf(Locale.ROOT, format + "%n", values);
  }
}
