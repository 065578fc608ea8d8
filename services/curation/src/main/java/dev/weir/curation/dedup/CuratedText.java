package dev.weir.curation.dedup;

import java.time.Instant;

/**
 * What is remembered of a text that is an example, by {@link #key}: never the text itself.
 *
 * @param label its canonical label
 * @param feedbackAt when the newest feedback with this label was given
 * @param batch sequence of the batch that its example belongs to
 */
public record CuratedText(String label, Instant feedbackAt, long batch) {

  /** Store of curated texts. Read where duplicates are found, written where examples are made. */
  public static final String STORE = "curated-texts";

  /** The key: adapter and text hash. */
  public static String key(String adapter, String textHash) {
    return adapter + "/" + textHash;
  }
}
