package dev.weir.trainer.fit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.weir.trainer.lora.Parameter;
import java.util.List;
import org.junit.jupiter.api.Test;

class AdamWTest {

  @Test
  void followsAHandWorkedExample() {
    Parameter matrix = new Parameter("m", new float[] {1, -2}, false, true, 1, 2);
    AdamW optimizer = new AdamW(List.of(matrix), 0.1, 0);

    optimizer.step(List.of(new float[] {0.5f, -4}), 1, 0.01, 0);
    // m̂ = g and v̂ = g², so each value moves by the rate against its gradient's sign, after the
    // decay by 1 - 0.01 · 0.1.
    assertThat(matrix.values()[0]).isCloseTo(0.999f - 0.01f, within(1e-6f));
    assertThat(matrix.values()[1]).isCloseTo(-1.998f + 0.01f, within(1e-6f));

    optimizer.step(List.of(new float[] {-0.5f, -4}), 1, 0.01, 0);
    // m = .9 · .05 + .1 · -.5 = -.005, m̂ = -.005 / .19; v̂ = .25: a step of .01 · .0263158 / .5.
    double expected = 0.989 * 0.999 + 0.01 * (0.005 / 0.19) / 0.5;
    assertThat((double) matrix.values()[0]).isCloseTo(expected, within(1e-6));
  }

  @Test
  void headAndBiasHaveTheirOwnRules() {
    Parameter bias = new Parameter("b", new float[] {1}, true, false, 1);
    AdamW optimizer = new AdamW(List.of(bias), 0.5, 0);

    optimizer.step(List.of(new float[] {3}), 1, 0, 0.1);

    assertThat(bias.values()[0]).isCloseTo(0.9f, within(1e-6f));
  }

  @Test
  void anchoringPullsBackToTheStart() {
    Parameter free = new Parameter("m", new float[] {1}, false, false, 1);
    Parameter anchored = new Parameter("m", new float[] {1}, false, false, 1);
    AdamW loose = new AdamW(List.of(free), 0, 0);
    AdamW tight = new AdamW(List.of(anchored), 0, 10);

    for (int step = 0; step < 50; step++) {
      loose.step(List.of(new float[] {1}), 1, 0.01, 0);
      tight.step(List.of(new float[] {1}), 1, 0.01, 0);
    }

    assertThat(free.values()[0]).isCloseTo(0.5f, within(1e-3f));
    assertThat(anchored.values()[0]).isBetween(0.89f, 0.95f);
  }

  @Test
  void theNormSpansAllGradientsAndShowsWhatIsNotFinite() {
    assertThat(AdamW.norm(List.of(new float[] {3}, new float[] {0, 4}))).isEqualTo(5);
    assertThat(AdamW.norm(List.of(new float[] {Float.NaN}, new float[] {4}))).isNaN();
  }

  @Test
  void schedulesRiseThenFallToZero() {
    assertThat(Schedule.LINEAR.factor(0, 2, 10)).isEqualTo(0.5);
    assertThat(Schedule.LINEAR.factor(2, 2, 10)).isEqualTo(1);
    assertThat(Schedule.LINEAR.factor(6, 2, 10)).isEqualTo(0.5);
    assertThat(Schedule.COSINE.factor(6, 2, 10)).isCloseTo(0.5, within(1e-12));
    assertThat(Schedule.COSINE.factor(10, 2, 10)).isCloseTo(0, within(1e-12));
  }
}
