package dev.weir.inference.stream;

import java.util.Arrays;
import java.util.Locale;

/** What a crash or a broken connection may do to the answers on Kafka. */
public enum Delivery {
  /** Each review has one committed answer: answers and offsets are in one transaction. */
  EXACTLY_ONCE,
  /**
   * Each review has an answer, after a failure perhaps two: offsets are committed after the acks.
   */
  AT_LEAST_ONCE;

  /** The name in settings, such as {@code exactly-once}. */
  public String id() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /**
   * The delivery of a name in settings.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static Delivery of(String id) {
    return Arrays.stream(values())
        .filter(each -> each.id().equals(id))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "no delivery '" + id + "'; use exactly-once or at-least-once"));
  }
}
