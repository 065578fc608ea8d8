package dev.weir.trainer.loop;

import dev.weir.contract.event.TrainingBatch;
import dev.weir.contract.release.Method;
import java.util.HashMap;
import java.util.Map;

/**
 * The rule by which a trainer that has fallen behind catches up: it passes over a batch when a
 * newer one of the same adapter is closed already, since the newer one's training set holds these
 * examples as well. After so many batches in a row it trains one all the same, or a busy stream
 * would never get its LoRA.
 *
 * <p>A batch counts once, however often its decision is tried. Owned by the fitting thread.
 */
final class PassOver {

  private final int most;
  private final Map<String, Answer> answers = new HashMap<>();

  /**
   * The last answer for an adapter and a method.
   *
   * @param batch which batch it was about
   * @param passed how many batches in a row were passed over, this one included
   */
  private record Answer(String batch, int passed) {}

  /**
   * A rule without a memory.
   *
   * @param most how many batches in a row are passed over at most
   */
  PassOver(int most) {
    this.most = most;
  }

  /**
   * Whether a method passes over a batch.
   *
   * @param newest the newest batch of the same adapter, {@code batch} itself if there is none
   */
  boolean passesOver(TrainingBatch batch, Method method, TrainingBatch newest) {
    String what = batch.adapter() + "/" + method;
    Answer before = answers.get(what);
    if (before != null && before.batch().equals(batch.id())) {
      return before.passed() > 0;
    }
    int passed = before == null ? 0 : before.passed();
    boolean passes = newest.sequence() > batch.sequence() && passed < most;
    answers.put(what, new Answer(batch.id(), passes ? passed + 1 : 0));
    return passes;
  }
}
