package dev.weir.trainer.evaluate;

import dev.weir.contract.release.Decision;
import dev.weir.contract.text.TokenLimit;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.trainer.data.LabeledText;
import dev.weir.trainer.serving.ServingEncoder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Scores adapters on one set of rows through the serving code, so that champion and challenger are
 * judged as they would answer.
 *
 * <p>Used by one thread at a time; does not own the encoder.
 */
public final class HoldoutEvaluator {

  private final ServingEncoder encoder;
  private final List<int[]> tokens;
  private final List<LabeledText> rows;
  private final List<String> wanted;

  /** An evaluator over {@code rows}, cut to {@code limit}. */
  public HoldoutEvaluator(ServingEncoder encoder, List<LabeledText> rows, TokenLimit limit) {
    this.encoder = encoder;
    this.rows = List.copyOf(rows);
    this.tokens =
        rows.stream().map(row -> encoder.base().tokenizer().encode(row.text(), limit)).toList();
    this.wanted = rows.stream().map(LabeledText::label).toList();
  }

  /** How an adapter does at temperature 1. */
  public Scores score(AdapterWeights weights) {
    return score(weights, encoder);
  }

  /** How an adapter does with its logits divided by {@code temperature}. */
  public Scores score(AdapterWeights weights, double temperature) {
    return scaling(weights).scores(temperature);
  }

  /** How an adapter does at the temperature that fits these rows best. */
  public Calibrated calibrate(AdapterWeights weights) {
    TemperatureScaling scaling = scaling(weights);
    double temperature = scaling.fit();
    return new Calibrated(scaling.scores(temperature), scaling.figures(temperature));
  }

  /** How an adapter does at a temperature that it has already. */
  public Calibrated calibrated(AdapterWeights weights, double temperature) {
    TemperatureScaling scaling = scaling(weights);
    return new Calibrated(scaling.scores(temperature), scaling.figures(temperature));
  }

  private TemperatureScaling scaling(AdapterWeights weights) {
    return new TemperatureScaling(encoder.logits(weights, tokens), weights.labels(), wanted);
  }

  /**
   * An adapter's scores at a temperature.
   *
   * @param scores at that temperature
   * @param figures the temperature and what it does
   */
  public record Calibrated(Scores scores, Decision.Calibration figures) {}

  /** How an adapter does in the arithmetic of another encoder over the same base. */
  public Scores score(AdapterWeights weights, ServingEncoder other) {
    return scored(other.logits(weights, tokens), weights.labels());
  }

  /** How logits do that something else made of these rows' tokens. */
  public Scores scored(float[][] logits, List<String> labels) {
    return Scores.of(logits, labels, wanted);
  }

  /** The parts of these rows, and how two adapters did on them. */
  public List<Decision.Slice> slices(Scores challenger, @Nullable Scores champion) {
    return Slices.of(rows, tokens, challenger, champion);
  }

  /** Token ids of all rows. */
  public List<int[]> tokens() {
    return tokens;
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
