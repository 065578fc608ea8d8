package dev.weir.curation.live;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/**
 * How the last served answers of an adapter fared in the light of feedback, per version, the
 * version that was heard of last in front.
 *
 * <p>Prequential (test, then train): each answer was given before its label was known. Feedback is
 * no random sample of what is served, so this follows changes better than it measures levels.
 *
 * @param windows at most {@link #VERSIONS} of them
 */
public record LiveAccuracy(List<Window> windows) {

  /** Store of windows by adapter. */
  public static final String STORE = "live-accuracy";

  /** Answers that count, per version. */
  public static final int ANSWERS = 200;

  /** With fewer answers no accuracy is told from luck. */
  public static final int MIN_ANSWERS = 50;

  /** Versions that are remembered. */
  static final int VERSIONS = 3;

  /** Nothing heard yet. */
  public static final LiveAccuracy NONE = new LiveAccuracy(List.of());

  /** Copies the list. */
  public LiveAccuracy {
    windows = List.copyOf(windows);
  }

  /**
   * The last answers of one version.
   *
   * @param version the adapter version
   * @param answers a character per answer, oldest first: 1 right, 0 wrong
   */
  public record Window(int version, String answers) {

    Window with(boolean correct) {
      String all = answers + (correct ? '1' : '0');
      return new Window(version, all.substring(Math.max(0, all.length() - ANSWERS)));
    }

    double accuracy() {
      return IntStream.range(0, answers.length()).filter(i -> answers.charAt(i) == '1').count()
          / (double) answers.length();
    }
  }

  /** With one more answer. */
  LiveAccuracy with(int version, boolean correct) {
    Window window =
        windows.stream()
            .filter(known -> known.version() == version)
            .findFirst()
            .orElse(new Window(version, ""));
    List<Window> next = new ArrayList<>();
    next.add(window.with(correct));
    windows.stream()
        .filter(known -> known.version() != version)
        .limit(VERSIONS - 1L)
        .forEach(next::add);
    return new LiveAccuracy(next);
  }

  /** Accuracy of the version heard of last, once there are {@link #MIN_ANSWERS}. */
  @JsonIgnore
  public OptionalDouble current() {
    if (windows.isEmpty() || windows.get(0).answers().length() < MIN_ANSWERS) {
      return OptionalDouble.empty();
    }
    return OptionalDouble.of(windows.get(0).accuracy());
  }
}
