package dev.weir.trainer.fit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class BestTemperatureTest {

  @Test
  void findsTheTemperatureThatGivesTheSharesOfTheLabels() {
    // Three of four rows are right at a logit of 2 against 0: the best probability is 3/4.
    float[][] logits = {{2, 0}, {2, 0}, {2, 0}, {2, 0}};
    double[][] wanted = BestTemperature.certain(new int[] {0, 0, 0, 1}, 2);

    BestTemperature best = BestTemperature.of(logits, wanted, 0.1, 10);

    assertThat(best.inverse()).isCloseTo(Math.log(3) / 2, within(1e-6));
    assertThat(best.logLoss())
        .isCloseTo(-0.75 * Math.log(0.75) - 0.25 * Math.log(0.25), within(1e-9));
  }

  @Test
  void smoothedLabelsAreAsSureAsTheirNumberAllows() {
    double[][] wanted = BestTemperature.smoothed(new int[] {0, 0, 0, 1}, 3);

    assertThat(wanted[0]).containsExactly(4 / 6.0, 1 / 6.0, 1 / 6.0);
    assertThat(wanted[3]).containsExactly(1 / 4.0, 2 / 4.0, 1 / 4.0);
  }

  @Test
  void withoutRowsThereIsNoLoss() {
    assertThat(BestTemperature.of(new float[0][], new double[0][], 0.1, 10).logLoss()).isZero();
  }
}
