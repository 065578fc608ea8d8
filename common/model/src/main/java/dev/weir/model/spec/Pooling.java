package dev.weir.model.spec;

import java.util.Locale;

/** How the last layer's token vectors become one vector per text. */
public enum Pooling {
  /** The vector of the first token, {@code [CLS]}. */
  CLS,
  /**
   * The mean over the text's tokens, padding excluded, {@code [CLS]} and {@code [SEP]} included.
   */
  MEAN;

  /** The lower-case name used in files. */
  public String id() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Parses {@link #id()}, in any case. */
  public static Pooling parse(String id) {
    for (Pooling pooling : values()) {
      if (pooling.id().equalsIgnoreCase(id)) {
        return pooling;
      }
    }
    throw new ModelException(
        "unknown-pooling", "Pooling \"" + id + "\" is unknown; use one of: cls, mean.");
  }
}
