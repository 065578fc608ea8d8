package dev.weir.trainer.evaluate;

import dev.weir.contract.release.Decision;

/** What the promotion gate says of a challenger. */
public sealed interface Verdict {

  /** The reason with its figures. */
  Decision decision();

  /** The challenger becomes champion. */
  record Promoted(Decision decision) implements Verdict {}

  /** The champion stays; without one there is still none. */
  record Retained(Decision decision) implements Verdict {}
}
