package dev.weir.trainer.fit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.weir.trainer.lora.Parameter;
import java.util.List;
import org.junit.jupiter.api.Test;

class ParameterAverageTest {

  private final Parameter parameter = new Parameter("a", new float[] {1, -1}, false, true, 2);

  @Test
  void withoutAveragingItIsTheParametersThemselves() {
    ParameterAverage average = new ParameterAverage(List.of(parameter), 0);
    parameter.values()[0] = 5;
    average.add();
    assertThat(average.snapshot().get(0).values()).containsExactly(5, -1);
  }

  @Test
  void aParameterThatStaysIsItsOwnAverage() {
    ParameterAverage average = new ParameterAverage(List.of(parameter), 0.99);
    for (int step = 0; step < 1000; step++) {
      average.add();
    }
    assertThat(average.snapshot().get(0).values()).containsExactly(1, -1);
  }

  @Test
  void stepsToAndFroCancelOut() {
    ParameterAverage average = new ParameterAverage(List.of(parameter), 0.99);
    for (int step = 0; step < 2000; step++) {
      parameter.values()[0] = step % 2 == 0 ? 3 : 1;
      average.add();
    }
    assertThat(average.snapshot().get(0).values()[0]).isCloseTo(2, within(0.02f));
  }

  @Test
  void aShortTrainingForgetsWhereItStarted() {
    ParameterAverage average = new ParameterAverage(List.of(parameter), 0.99);
    parameter.values()[0] = 2;
    for (int step = 0; step < 30; step++) {
      average.add();
    }
    assertThat(average.snapshot().get(0).values()[0]).isGreaterThan(1.99f);
  }

  @Test
  void aStepCountsInProportionToItsNumber() {
    ParameterAverage average = new ParameterAverage(List.of(parameter), 0.999);
    double sum = 3;
    double counted = 3;
    for (int step = 1; step <= 50; step++) {
      parameter.values()[0] = step * step;
      average.add();
      sum += (step + 2.0) * step * step;
      counted += step + 2.0;
    }
    assertThat(average.snapshot().get(0).values()[0])
        .isCloseTo((float) (sum / counted), within(0.1f));
  }

  @Test
  void halfwayLiesBetweenStartAndAverage() {
    ParameterAverage average = new ParameterAverage(List.of(parameter), 0);
    List<Parameter> start = average.snapshot();
    parameter.values()[0] = 4;
    average.add();
    assertThat(average.halfway(start).get(0).values()).containsExactly(2.5f, -1);
  }
}
