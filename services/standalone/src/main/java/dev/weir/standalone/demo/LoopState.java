package dev.weir.standalone.demo;

import dev.weir.contract.event.Classification;
import dev.weir.contract.event.TrainingBatch;
import dev.weir.contract.release.Release;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What the demo has seen on the topics so far.
 *
 * <p>Thread-safe: the observer writes, the story and the run read. Accuracy counts only reviews
 * that are never feedback.
 */
final class LoopState {

  private static final int WINDOW = 100;

  private final Map<String, String> unseenLabels;
  private final Deque<Boolean> recent = new ArrayDeque<>();
  private final Map<Integer, Served> served = new TreeMap<>();
  private final Map<String, Classification> finalPass = new HashMap<>();
  private final List<TrainingBatch> batches = new ArrayList<>();
  private final List<Release> releases = new ArrayList<>();
  private final Map<String, Integer> deadLetters = new TreeMap<>();
  private long classifications;
  private long abstained;
  private long examples;

  /** What one version has answered. */
  static final class Served {
    private final Instant first;
    private long all;
    private long judged;
    private long right;

    private Served(Instant first) {
      this.first = first;
    }

    /** When its first answer was made. */
    Instant first() {
      return first;
    }

    long all() {
      return all;
    }

    OptionalDouble accuracy() {
      return judged == 0 ? OptionalDouble.empty() : OptionalDouble.of(right / (double) judged);
    }
  }

  /** Knows the labels of the reviews that are never feedback, by their ids without a pass. */
  LoopState(List<LabeledReview> unseen) {
    Map<String, String> labels = new HashMap<>();
    unseen.forEach(review -> labels.put(review.id(), review.label()));
    this.unseenLabels = Map.copyOf(labels);
  }

  /** Takes a classification; true when it is the first one of its version. */
  synchronized boolean classified(Classification classification) {
    classifications++;
    ReviewIds.Parts id = ReviewIds.parse(classification.reviewId());
    if (id.pass().equals(ReviewIds.FINAL)) {
      finalPass.put(id.review(), classification);
    }
    Integer version = classification.version();
    boolean first = false;
    if (classification.abstained() || version == null) {
      abstained++;
    } else {
      first = !served.containsKey(version);
      Served answers =
          served.computeIfAbsent(version, unused -> new Served(classification.timestamp()));
      answers.all++;
      String label = unseenLabels.get(id.review());
      if (label != null) {
        boolean right = label.equals(classification.label());
        answers.judged++;
        answers.right += right ? 1 : 0;
        recent.addLast(right);
        if (recent.size() > WINDOW) {
          recent.removeFirst();
        }
      }
    }
    notifyAll();
    return first;
  }

  synchronized void curated() {
    examples++;
    notifyAll();
  }

  synchronized void batch(TrainingBatch batch) {
    batches.add(batch);
    notifyAll();
  }

  synchronized void decided(Release release) {
    releases.add(release);
    notifyAll();
  }

  synchronized void deadLetter(String reason) {
    deadLetters.merge(reason, 1, Integer::sum);
    notifyAll();
  }

  synchronized long classifications() {
    return classifications;
  }

  synchronized long abstained() {
    return abstained;
  }

  synchronized long examples() {
    return examples;
  }

  synchronized Map<String, Integer> deadLetters() {
    return new TreeMap<>(deadLetters);
  }

  synchronized int deadLetterCount() {
    return deadLetters.values().stream().mapToInt(Integer::intValue).sum();
  }

  synchronized List<TrainingBatch> batches() {
    return List.copyOf(batches);
  }

  synchronized List<Release> releases() {
    return List.copyOf(releases);
  }

  synchronized List<Release> promoted() {
    return releases.stream().filter(r -> r.state() == Release.State.PROMOTED).toList();
  }

  /** What a version has answered, or {@code null} when nothing yet. */
  synchronized @Nullable Served served(int version) {
    return served.get(version);
  }

  /** Share of right labels among the latest judged answers. */
  synchronized OptionalDouble recentAccuracy() {
    return recent.stream().mapToInt(right -> right ? 1 : 0).average();
  }

  /** Answers of the last pass that are there so far. */
  synchronized int finalAnswers() {
    return finalPass.size();
  }

  /** Share of right labels in the last pass; an abstention is not right. */
  synchronized double finalAccuracy() {
    long right =
        finalPass.entrySet().stream()
            .filter(
                entry -> Objects.equals(unseenLabels.get(entry.getKey()), entry.getValue().label()))
            .count();
    return unseenLabels.isEmpty() ? 0 : right / (double) unseenLabels.size();
  }

  /** Versions that answered in the last pass. */
  synchronized Set<Integer> finalVersions() {
    Set<Integer> versions = new java.util.TreeSet<>();
    finalPass.values().stream()
        .map(Classification::version)
        .filter(Objects::nonNull)
        .forEach(versions::add);
    return versions;
  }

  /** Waits until {@code condition} holds; false when {@code deadlineNanos} passes before. */
  synchronized boolean await(BooleanSupplier condition, long deadlineNanos)
      throws InterruptedException {
    while (!condition.getAsBoolean()) {
      long left = (deadlineNanos - System.nanoTime()) / 1_000_000;
      if (left <= 0) {
        return false;
      }
      wait(Math.min(left, 1000));
    }
    return true;
  }
}
