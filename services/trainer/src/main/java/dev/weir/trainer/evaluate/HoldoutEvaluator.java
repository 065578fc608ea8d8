package dev.weir.trainer.evaluate;

import dev.weir.common.adapter.AdapterWeights;
import dev.weir.common.model.TokenLimit;
import dev.weir.trainer.data.LabeledText;
import java.util.List;

/**
 * Scores adapters on one set of rows through the serving code, so that champion and challenger are
 * judged as they would answer.
 *
 * <p>Used by one thread at a time; does not own the encoder.
 */
public final class HoldoutEvaluator {

  private final ServingEncoder encoder;
  private final List<int[]> tokens;
  private final List<String> wanted;

  /** An evaluator over {@code rows}, cut to {@code limit}. */
  public HoldoutEvaluator(ServingEncoder encoder, List<LabeledText> rows, TokenLimit limit) {
    this.encoder = encoder;
    this.tokens =
        rows.stream().map(row -> encoder.base().tokenizer().encode(row.text(), limit)).toList();
    this.wanted = rows.stream().map(LabeledText::label).toList();
  }

  /** How an adapter does. */
  public Scores score(AdapterWeights weights) {
    return Scores.of(encoder.logits(weights, tokens), weights.labels(), wanted);
  }

  /** Each row's label. */
  public List<String> wanted() {
    return wanted;
  }

  /** Token ids of the first rows, for parity checks. */
  public List<int[]> sample(int rows) {
    return tokens.subList(0, Math.min(rows, tokens.size()));
  }
}
