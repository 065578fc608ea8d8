package dev.weir.curation.dedup;

import dev.weir.curation.deadletter.HasOriginal;
import dev.weir.curation.deadletter.Original;
import dev.weir.curation.resolve.Candidate;
import org.jspecify.annotations.Nullable;

/**
 * A labeled text that says something new.
 *
 * @param candidate the text and its label
 * @param corrected what was known of the text, when it had another label; else {@code null}
 */
public record NewLabel(Candidate candidate, @Nullable CuratedText corrected)
    implements HasOriginal {

  @Override
  public Original original() {
    return candidate.original();
  }
}
