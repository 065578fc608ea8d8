package dev.weir.inference.score;

import dev.weir.contract.event.Classification;
import dev.weir.contract.event.InputPosition;
import dev.weir.contract.release.AdapterId;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What came of one text. */
public sealed interface Answer {

  /**
   * An adapter version answered.
   *
   * @param id the version whose slot was leased for the run
   * @param digest sha-256 (hex) of that version's manifest
   * @param labels its labels, in the order of the head's rows
   * @param probabilities softmax over just these labels, calibrated by the version's temperature
   * @param abstainBelow no label is given when the best one is less probable; 0 is off
   * @param shadow what a shadow version says to the same text, or {@code null}; never an answer
   */
  record Scored(
      AdapterId id,
      String digest,
      List<String> labels,
      List<Double> probabilities,
      double abstainBelow,
      @Nullable Scored shadow)
      implements Answer {

    /**
     * Why no label is to be given although the scores are there, or empty when one is: the best one
     * is less probable than an operator wants it.
     */
    public Optional<Abstained> abstention() {
      return unsure()
          ? Optional.of(Abstentions.lowConfidence(id, label(), confidence(), abstainBelow))
          : Optional.empty();
    }

    /** Whether {@link #abstention} says why no label is to be given. */
    boolean unsure() {
      return confidence() < abstainBelow;
    }

    /** The probability of the best label. */
    public double confidence() {
      return probabilities.get(best());
    }

    /**
     * The most probable label, the first of several that are equally so; only to be given when
     * {@link #abstention} is empty.
     */
    public String label() {
      return labels.get(best());
    }

    /** The same with what a shadow says. */
    Scored withShadow(Scored other) {
      return new Scored(id, digest, labels, probabilities, abstainBelow, other);
    }

    /**
     * The record of it.
     *
     * @param input where the review stood, or {@code null} when it came over HTTP
     */
    public Classification classification(
        String reviewId,
        String baseDigest,
        @Nullable InputPosition input,
        double latencyMs,
        Instant now) {
      Classification.Abstention unsure =
          abstention()
              .map(why -> new Classification.Abstention(why.code(), why.message()))
              .orElse(null);
      return new Classification(
          reviewId,
          id.adapter(),
          id.version(),
          digest,
          baseDigest,
          unsure == null ? label() : null,
          scores(),
          unsure != null,
          unsure,
          input,
          latencyMs,
          now);
    }

    /** Probability by label, in the adapter's order. */
    public Map<String, Double> scores() {
      Map<String, Double> scores = new LinkedHashMap<>();
      for (int i = 0; i < labels.size(); i++) {
        scores.put(labels.get(i), probabilities.get(i));
      }
      return scores;
    }

    /** Probability of the best label minus that of the second best; 1 with a single label. */
    public double margin() {
      int best = best();
      double second = 0;
      for (int i = 0; i < probabilities.size(); i++) {
        if (i != best) {
          second = Math.max(second, probabilities.get(i));
        }
      }
      return probabilities.get(best) - second;
    }

    private int best() {
      int best = 0;
      for (int i = 1; i < probabilities.size(); i++) {
        if (probabilities.get(i) > probabilities.get(best)) {
          best = i;
        }
      }
      return best;
    }
  }

  /**
   * Nobody can answer.
   *
   * @param code stable code, also the metric's tag
   * @param message for people, with the remedy
   */
  record Abstained(String code, String message) implements Answer {

    /** Whether it is for what the text is; no version has part in it. */
    public boolean ofTheText() {
      return code.equals(Abstentions.NO_TOKEN);
    }
  }

  /**
   * No answer can be had for this text, which is at fault alone.
   *
   * @param cause what was thrown
   * @param reason stable code: {@link #SCORING_FAILED} or {@link #INTERNAL_ERROR}
   */
  record Failed(RuntimeException cause, String reason) implements Answer {

    /** The model failed on the text alone, and again, while it scores others. */
    public static final String SCORING_FAILED = "scoring-failed";

    /** Code of ours failed on it: a defect. */
    public static final String INTERNAL_ERROR = "internal-error";

    /** A text that the model fails on. */
    public Failed(RuntimeException cause) {
      this(cause, SCORING_FAILED);
    }
  }
}
