package dev.weir.curation.dedup;

/** What happens when the same text gets another label. */
public enum ConflictPolicy {
  /** The feedback that was given later counts. */
  LATEST,
  /** The first label stays; the other feedback goes to the dead-letter topic. */
  QUARANTINE
}
