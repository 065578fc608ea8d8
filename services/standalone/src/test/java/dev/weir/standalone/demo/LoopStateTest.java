package dev.weir.standalone.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.contract.event.Classification;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LoopStateTest {

  private final LoopState state =
      new LoopState(
          List.of(
              new LabeledReview("a", "good", "positive"),
              new LabeledReview("b#1/x", "bad", "negative")));

  @Test
  void countsOnlyUnseenReviewsTowardsAccuracyAndFirstAnswersOnce() {
    assertThat(state.classified(answer("r/a#1", 1, "positive"))).isTrue();
    assertThat(state.classified(answer("r/a#2", 1, "negative"))).isFalse();
    assertThat(state.classified(answer("r/learned#1", 1, "negative"))).isFalse();
    assertThat(state.classified(answer("r/a#3", null, null))).isFalse();
    assertThat(state.classifications()).isEqualTo(4);
    assertThat(state.abstained()).isEqualTo(1);
    assertThat(state.served(1).accuracy()).hasValue(0.5);
    assertThat(state.served(1).all()).isEqualTo(3);
    assertThat(state.served(2)).isNull();
  }

  @Test
  void lastPassCountsEachReviewOnceAndAnAbstentionAsWrong() {
    state.classified(answer(ReviewIds.of("r", "a", ReviewIds.FINAL), 2, "positive"));
    state.classified(answer(ReviewIds.of("r", "b#1/x", ReviewIds.FINAL), null, null));
    assertThat(state.finalAnswers()).isEqualTo(2);
    assertThat(state.finalAccuracy()).isEqualTo(0.5);
    assertThat(state.finalVersions()).containsExactly(2);
  }

  private static Classification answer(String id, Integer version, String label) {
    return new Classification(
        id,
        "default",
        version,
        "d",
        "b",
        label,
        Map.of(),
        version == null,
        null,
        null,
        1,
        Instant.EPOCH);
  }
}
