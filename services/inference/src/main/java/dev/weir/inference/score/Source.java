package dev.weir.inference.score;

import java.util.Locale;

/** Where texts come from; each source has a queue of its own and neither starves the other. */
public enum Source {
  /** The reviews topic. */
  KAFKA,
  /** The HTTP interface. */
  HTTP;

  /** The lower-case name, also the metric's tag. */
  public String id() {
    return name().toLowerCase(Locale.ROOT);
  }
}
