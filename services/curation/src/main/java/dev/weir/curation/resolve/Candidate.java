package dev.weir.curation.resolve;

import dev.weir.curation.deadletter.HasOriginal;
import dev.weir.curation.deadletter.Original;

/**
 * A labeled text that may become an example.
 *
 * @param labeled what would be learned
 * @param original the feedback record behind it
 */
public record Candidate(LabeledText labeled, Original original) implements HasOriginal {}
