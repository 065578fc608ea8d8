package dev.weir.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

class TrendTest {

  private static double[] series(double slope, double noise) {
    Random random = new Random(1);
    double[] values = new double[400];
    for (int i = 0; i < values.length; i++) {
      values[i] = 1000 + slope * i + noise * random.nextGaussian();
    }
    return values;
  }

  @Test
  void findsTheSlopeOfALine() {
    Trend trend = Trend.of(series(0.5, 0), 100);
    assertThat(trend.slope()).isEqualTo(0.5, within(1e-9));
    assertThat(trend.error()).isEqualTo(0, within(1e-9));
    assertThat(trend.steps()).isEqualTo(300);
    assertThat(trend.grows(0.02)).isTrue();
  }

  @Test
  void noiseAloneDoesNotGrow() {
    assertThat(Trend.of(series(0, 5), 100).grows(0.02)).isFalse();
  }

  @Test
  void growthBelowTheToleranceDoesNotCount() {
    assertThat(Trend.of(series(0.01, 0), 100).grows(0.02)).isFalse();
  }

  @Test
  void tooFewValuesAreRefused() {
    assertThatThrownBy(() -> Trend.of(new double[] {1, 2, 3}, 1))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
