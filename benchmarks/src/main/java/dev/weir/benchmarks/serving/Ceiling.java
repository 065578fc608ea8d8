package dev.weir.benchmarks.serving;

import dev.weir.contract.text.TokenLimit;
import dev.weir.model.base.TextTokenizer;
import dev.weir.model.session.RunBuffers;
import dev.weir.model.session.SlotEncoder;
import java.util.List;
import java.util.stream.IntStream;

/**
 * ONNX Runtime alone on the service's own graph: tokenised, sorted and batched beforehand, one
 * calling thread per core. The encoder stays its owner's.
 */
final class Ceiling implements Contender {
  /** As the service has them: one per thread that runs. */
  private static final ThreadLocal<RunBuffers> BUFFERS = ThreadLocal.withInitial(RunBuffers::new);

  private final SlotEncoder encoder;
  private final TextTokenizer tokenizer;
  private final TokenLimit limit;
  private final int slot;
  private final int threads;
  private int tokenBudget;

  /**
   * @param tokenBudget most tokens of a batch, padding included
   */
  Ceiling(
      SlotEncoder encoder,
      TextTokenizer tokenizer,
      TokenLimit limit,
      int slot,
      int threads,
      int tokenBudget) {
    this.encoder = encoder;
    this.tokenizer = tokenizer;
    this.limit = limit;
    this.slot = slot;
    this.threads = threads;
    this.tokenBudget = tokenBudget;
  }

  /** Chooses the budget that is fastest on these texts: a ceiling has the best one. */
  int tune(List<StreamText> texts, List<Integer> budgets) throws InterruptedException {
    double best = 0;
    int chosen = tokenBudget;
    for (int budget : budgets) {
      tokenBudget = budget;
      double rate = perSecond(texts);
      if (rate > best) {
        best = rate;
        chosen = budget;
      }
    }
    tokenBudget = chosen;
    return chosen;
  }

  @Override
  public double perSecond(List<StreamText> texts) throws InterruptedException {
    List<int[][]> batches =
        BatchPlan.sorted(BatchPlan.tokens(texts, tokenizer, limit), tokenBudget);
    int[][] slots =
        batches.stream()
            .map(batch -> IntStream.range(0, batch.length).map(row -> slot).toArray())
            .toArray(int[][]::new);
    double seconds =
        Workers.seconds(
            threads,
            batches.size(),
            at -> {
              int answered = encoder.logits(batches.get(at), slots[at], BUFFERS.get()).length;
              if (answered != slots[at].length) {
                throw new IllegalStateException(
                    answered + " answers to " + slots[at].length + " texts");
              }
            });
    return texts.size() / seconds;
  }
}
