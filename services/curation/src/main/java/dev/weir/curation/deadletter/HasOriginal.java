package dev.weir.curation.deadletter;

/** Something made of a feedback record, which it carries along. */
public interface HasOriginal {

  /** The record as it was read. */
  Original original();
}
