package dev.weir.benchmarks.soak;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.benchmarks.serving.BenchmarkAdapter;
import dev.weir.contract.event.Classification;
import dev.weir.contract.event.EventJson;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Holds each answer against the version that it names: its digest, and the numbers that this
 * version alone gives for this text. Thread-safe.
 */
final class AnswerCheck {
  /** 32-bit sums depend on the padded shape by far less; the versions differ by far more. */
  private static final double TOLERANCE = 0.001;

  private static final int KEPT = 20;

  private final Map<Integer, Version> versions = new ConcurrentHashMap<>();
  private final Map<Integer, AtomicLong> answers = new ConcurrentHashMap<>();
  private final AtomicLong wrongDigests = new AtomicLong();
  private final AtomicLong wrongScores = new AtomicLong();
  private final AtomicLong errors = new AtomicLong();
  private final ConcurrentLinkedQueue<String> examples = new ConcurrentLinkedQueue<>();

  AnswerCheck(List<Version> versions) {
    versions.forEach(version -> this.versions.put(version.number(), version));
  }

  /** The body that answers one text over HTTP. */
  void http(int text, String body) {
    try {
      JsonNode result = EventJson.mapper().readTree(body).path("results").path(0);
      check(
          text,
          result.path("version").isInt() ? result.path("version").intValue() : null,
          result.path("adapterDigest").asText(),
          result.path("scores").path(BenchmarkAdapter.LABELS.get(0)).asDouble(Double.NaN),
          body);
    } catch (IOException e) {
      error("an answer that is no JSON: " + body);
    }
  }

  /** The record that answers one review. */
  void kafka(int text, byte[] value) {
    Classification answer = EventJson.read(value, Classification.class);
    check(
        text,
        answer.version(),
        answer.adapterDigest(),
        answer.scores().getOrDefault(BenchmarkAdapter.LABELS.get(0), Double.NaN),
        answer);
  }

  private void check(
      int text, @Nullable Integer number, @Nullable String digest, double negative, Object whole) {
    Optional<Version> named = Optional.ofNullable(number).map(versions::get);
    if (named.isEmpty()) {
      error("an answer of no version that was ever announced whole: " + whole);
      return;
    }
    Version version = named.get();
    answers.computeIfAbsent(version.number(), key -> new AtomicLong()).incrementAndGet();
    if (!version.digest().equals(digest)) {
      wrongDigests.incrementAndGet();
      keep("another digest than that of version " + version.number() + ": " + whole);
    }
    double expected = version.negative().get(text);
    if (!(Math.abs(expected - negative) <= TOLERANCE)) {
      wrongScores.incrementAndGet();
      keep("version " + version.number() + " says " + expected + " of this text: " + whole);
    }
  }

  /** Counts something that went wrong. */
  void error(String what) {
    errors.incrementAndGet();
    keep(what);
  }

  private void keep(String example) {
    if (examples.size() < KEPT) {
      examples.add(example);
    }
  }

  long errors() {
    return errors.get();
  }

  long wrongDigests() {
    return wrongDigests.get();
  }

  long wrongScores() {
    return wrongScores.get();
  }

  /** How many answers each version gave. */
  Map<Integer, AtomicLong> answers() {
    return answers;
  }

  /** The first things that went wrong. */
  List<String> examples() {
    return List.copyOf(examples);
  }
}
