package dev.weir.inference.score;

import java.util.List;
import java.util.Locale;

/** Where texts come from; each source has a queue of its own and neither starves the other. */
public enum Source {
  /** The reviews topic. */
  KAFKA,
  /** The HTTP interface. */
  HTTP,
  /**
   * What was answered over HTTP and a shadow is to score: in no hurry, by workers that have nothing
   * else to do.
   */
  SHADOW;

  /** Those whose texts are to be answered. */
  static final List<Source> ANSWERED = List.of(KAFKA, HTTP);

  /** The lower-case name, also the metric's tag. */
  public String id() {
    return name().toLowerCase(Locale.ROOT);
  }
}
