package dev.weir.trainer.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.weir.contract.release.Decision.Calibration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class TemperatureScalingTest {

  private static final List<String> LABELS = List.of("a", "b", "c");

  /** Rows whose label was drawn from the probabilities that their logits give at a temperature. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Rows(float[][] logits, List<String> wanted) {

    static Rows drawn(int rows, double temperature, long seed) {
      Random random = new Random(seed);
      float[][] logits = new float[rows][LABELS.size()];
      List<String> wanted = new ArrayList<>();
      for (float[] row : logits) {
        double[] powers = new double[row.length];
        double sum = 0;
        for (int c = 0; c < row.length; c++) {
          row[c] = (float) (4 * random.nextGaussian());
          powers[c] = Math.exp(row[c] / temperature);
          sum += powers[c];
        }
        double left = random.nextDouble() * sum;
        int label = 0;
        while (label < row.length - 1 && left > powers[label]) {
          left -= powers[label++];
        }
        wanted.add(LABELS.get(label));
      }
      return new Rows(logits, wanted);
    }

    TemperatureScaling scaling() {
      return new TemperatureScaling(logits, LABELS, wanted);
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {0.5, 1, 2, 4})
  void findsTheTemperatureThatTheLabelsWereDrawnAt(double truth) {
    Rows rows = Rows.drawn(4000, truth, 1);

    double fitted = rows.scaling().fit();

    assertThat(fitted).isCloseTo(truth, within(0.15 * truth));
    Calibration figures = rows.scaling().figures(fitted);
    assertThat(figures.rows()).isEqualTo(4000);
    assertThat(figures.logLossAfter()).isLessThanOrEqualTo(figures.logLossBefore() + 1e-3);
    if (truth != 1) {
      assertThat(figures.errorAfter()).isLessThan(figures.errorBefore() / 2);
    }
  }

  @Test
  void isTheBestOfItsNeighbours() {
    Rows rows = Rows.drawn(2000, 2.5, 2);
    double fitted = rows.scaling().fit();

    double best = rows.scaling().scores(fitted).logLoss();

    assertThat(rows.scaling().scores(fitted * 1.1).logLoss()).isGreaterThan(best);
    assertThat(rows.scaling().scores(fitted / 1.1).logLoss()).isGreaterThan(best);
    assertThat(rows.scaling().scores(1).logLoss()).isGreaterThan(best);
  }

  static Stream<Double> temperatures() {
    return Stream.of(TemperatureScaling.LEAST, 0.7, 1.0, 3.0, TemperatureScaling.MOST);
  }

  @ParameterizedTest
  @MethodSource("temperatures")
  void noTemperatureChangesALabel(double temperature) {
    Rows rows = Rows.drawn(1000, 1, 3);
    for (int row = 0; row < 500; row++) {
      // As near as two floats can be.
      rows.logits()[row][1] = Math.nextUp(rows.logits()[row][0]);
    }

    assertThat(rows.scaling().scores(temperature).answers())
        .isEqualTo(rows.scaling().scores(1).answers());
  }

  @Test
  void tooFewRowsLeaveProbabilitiesAsTheyAre() {
    Rows rows = Rows.drawn(TemperatureScaling.MIN_ROWS - 1, 5, 4);

    assertThat(rows.scaling().fit()).isEqualTo(1);
    Calibration figures = rows.scaling().figures(1);
    assertThat(figures.rows()).isZero();
    assertThat(figures.logLossAfter()).isEqualTo(figures.logLossBefore());
  }

  @Test
  void aHoldoutThatIsAllRightAsksForNoCertainty() {
    float[][] logits = new float[40][];
    List<String> wanted = new ArrayList<>();
    for (int row = 0; row < logits.length; row++) {
      logits[row] = new float[] {2.2f, 0, -20};
      wanted.add("a");
    }

    double fitted = new TemperatureScaling(logits, LABELS, wanted).fit();

    assertThat(fitted).isBetween(0.4, 1.0);
  }

  @Test
  void rowsOfLabelsThatTheAdapterDoesNotKnowSayNothing() {
    Rows known = Rows.drawn(200, 2, 5);
    float[][] logits = java.util.Arrays.copyOf(known.logits(), 300);
    List<String> wanted = new ArrayList<>(known.wanted());
    for (int row = 200; row < 300; row++) {
      logits[row] = new float[] {9, 0, 0};
      wanted.add("unheard of");
    }

    TemperatureScaling scaling = new TemperatureScaling(logits, LABELS, wanted);

    assertThat(scaling.fit()).isEqualTo(known.scaling().fit());
    assertThat(scaling.figures(2).rows()).isEqualTo(200);
  }

  @Test
  void theCalibrationErrorIsTheDistanceOfConfidenceAndAccuracy() {
    // Confidence .75 on four rows, of which two are right: .25 off.
    float log3 = (float) Math.log(3);
    float[][] logits = {{log3, 0}, {log3, 0}, {log3, 0}, {log3, 0}};

    Scores scores = Scores.of(logits, List.of("a", "b"), List.of("a", "a", "b", "b"));

    assertThat(scores.calibrationError()).isCloseTo(0.25, within(1e-6));
  }
}
