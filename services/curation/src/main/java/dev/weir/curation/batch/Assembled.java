package dev.weir.curation.batch;

import dev.weir.contract.event.Example;
import dev.weir.contract.event.TrainingBatch;
import dev.weir.curation.deadletter.HasOriginal;
import dev.weir.curation.deadletter.Original;

/** What curation puts out. */
public sealed interface Assembled {

  /** An example joins the open batch of its adapter, or replaces its earlier form. */
  record Added(Example example, Original original) implements Assembled, HasOriginal {}

  /** The record's key is an example that now stands under another key. */
  record Forgotten() implements Assembled {}

  /** The open batch is closed; all of its examples came before. */
  record Closed(TrainingBatch batch) implements Assembled {}
}
