package dev.weir.contract.text;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** Which side of a text that is too long is cut off; the names are those of Hugging Face. */
public enum Truncation {
  /** The beginning is cut off: the tail is read. */
  LEFT,
  /** The end is cut off: the head is read. */
  RIGHT,
  /** The middle is cut out: head and tail are read, where reviews state their verdict. */
  HEAD_TAIL;

  /** The word in settings and files, e.g. {@code head+tail}. */
  public String id() {
    return name().toLowerCase(Locale.ROOT).replace('_', '+');
  }

  /**
   * Parses {@link #id()}, in any case.
   *
   * @throws IllegalArgumentException naming what is accepted
   */
  public static Truncation parse(String id) {
    for (Truncation truncation : values()) {
      if (truncation.id().equalsIgnoreCase(id)) {
        return truncation;
      }
    }
    throw new IllegalArgumentException(
        "is '%s', accepted are %s"
            .formatted(
                id, Arrays.stream(values()).map(Truncation::id).collect(Collectors.joining(", "))));
  }
}
