package dev.weir.curation.dedup;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What is remembered of a text that is an example, by {@link #key}: never the text itself.
 *
 * @param label its canonical label
 * @param feedbackAt when the newest feedback with this label was given
 * @param batch sequence of the batch that its example belongs to
 * @param form version of the text's key: {@link #FORM}, or {@code null} where an earlier version
 *     wrote it, which knew texts that differ in signs only as one
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record CuratedText(String label, Instant feedbackAt, long batch, @Nullable Integer form) {

  /** The version of keys that this version of Weir gives. */
  public static final int FORM = 2;

  /** The same, said again later. */
  CuratedText confirmed(Instant at) {
    return new CuratedText(label, at, batch, form);
  }

  /** Store of curated texts. Read where duplicates are found, written where examples are made. */
  public static final String STORE = "curated-texts";

  /** The key: adapter and the text's key. */
  public static String key(String adapter, String textKey) {
    return adapter + "/" + textKey;
  }
}
