package dev.weir.contract.event;

/** The part of the curated data that an example belongs to, fixed for good by its text. */
public enum Split {
  /** The adapter may learn from it. */
  TRAIN,
  /** Only the gate sees it. */
  HOLDOUT
}
