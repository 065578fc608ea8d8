package dev.weir.inference.access;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** What a key is good for. */
public enum Scope {

  /** Classify one's own texts, and see adapters and the streams that carry no texts. */
  CLASSIFY,

  /** Read what others wrote: reviews, label requests and examples, as streams. */
  TEXTS,

  /** Give feedback, which adapters are trained on. */
  FEEDBACK,

  /** Say which version serves; includes the others. */
  ADMIN;

  /** As it is written in files and on the command line. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * The scope of that word.
   *
   * @throws IllegalArgumentException naming the words there are
   */
  public static Scope of(String word) {
    return Arrays.stream(values())
        .filter(scope -> scope.word().equals(word.strip().toLowerCase(Locale.ROOT)))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "'%s' is no scope; there are %s"
                        .formatted(
                            word.strip(),
                            Arrays.stream(values())
                                .map(Scope::word)
                                .collect(Collectors.joining(", ")))));
  }
}
