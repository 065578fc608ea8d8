package dev.weir.trainer.loop;

import static dev.weir.contract.release.Method.HEAD_REFRESH;
import static dev.weir.contract.release.Method.LORA;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.contract.event.TrainingBatch;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PassOverTest {

  private final PassOver rule = new PassOver(2);

  @Test
  void theNewestBatchIsTrained() {
    assertThat(rule.passesOver(batch(1), LORA, batch(1))).isFalse();
  }

  @Test
  void soManyBatchesInARowArePassedOverAndThenOneIsTrained() {
    TrainingBatch newest = batch(9);
    assertThat(rule.passesOver(batch(1), LORA, newest)).isTrue();
    assertThat(rule.passesOver(batch(2), LORA, newest)).isTrue();
    assertThat(rule.passesOver(batch(3), LORA, newest)).isFalse();
    assertThat(rule.passesOver(batch(4), LORA, newest)).isTrue();
  }

  /** The broker was away when the decision was announced: the same batch comes again. */
  @Test
  void aBatchThatComesAgainCountsOnce() {
    TrainingBatch newest = batch(9);
    for (int i = 0; i < 10; i++) {
      assertThat(rule.passesOver(batch(1), LORA, newest)).isTrue();
    }
    assertThat(rule.passesOver(batch(2), LORA, newest)).isTrue();
    assertThat(rule.passesOver(batch(3), LORA, newest)).isFalse();
  }

  /** It failed and is tried again: that must not cost it its turn. */
  @Test
  void aBatchThatIsToBeTrainedIsNotPassedOverWhenItComesAgain() {
    TrainingBatch newest = batch(9);
    assertThat(rule.passesOver(batch(1), LORA, newest)).isTrue();
    assertThat(rule.passesOver(batch(2), LORA, newest)).isTrue();
    for (int i = 0; i < 3; i++) {
      assertThat(rule.passesOver(batch(3), LORA, newest)).isFalse();
    }
  }

  @Test
  void eachMethodHasItsOwnTurn() {
    TrainingBatch newest = batch(9);
    assertThat(rule.passesOver(batch(1), LORA, newest)).isTrue();
    assertThat(rule.passesOver(batch(2), LORA, newest)).isTrue();
    assertThat(rule.passesOver(batch(3), HEAD_REFRESH, newest)).isTrue();
    assertThat(rule.passesOver(batch(3), LORA, newest)).isFalse();
  }

  @Test
  void nothingIsPassedOverWhereThatIsSwitchedOff() {
    assertThat(new PassOver(0).passesOver(batch(1), LORA, batch(9))).isFalse();
  }

  private static TrainingBatch batch(long sequence) {
    return new TrainingBatch(
        "default-" + sequence,
        "default",
        sequence,
        List.of("negative", "positive"),
        Map.of(),
        0,
        TrainingBatch.CloseReason.COUNT,
        Instant.EPOCH,
        Instant.EPOCH,
        Instant.EPOCH,
        Instant.EPOCH,
        List.of());
  }
}
