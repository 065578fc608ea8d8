package dev.weir.trainer.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.weir.common.adapter.Decision;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class PromotionGateTest {

  private static final List<String> WANTED = List.of("a", "b", "a", "b", "a");

  private final PromotionGate gate = new PromotionGate(10);

  @Test
  void asksForSixteenExamplesOfTwoLabelsAndAHoldout() {
    List<String> both = Collections.nCopies(8, "a");
    List<String> enough = new java.util.ArrayList<>(both);
    enough.addAll(Collections.nCopies(8, "b"));

    assertThat(reason(enough.subList(0, 15), 10)).isEqualTo("too-few-examples");
    assertThat(reason(Collections.nCopies(16, "a"), 10)).isEqualTo("one-class-only");
    assertThat(reason(enough, 9)).isEqualTo("holdout-too-small");
    assertThat(gate.before(enough, 10)).isEmpty();
  }

  @Test
  void refusesATrainingThatSkippedMoreThanOnePercent() {
    assertThat(gate.after(200, 2)).isEmpty();
    assertThat(gate.after(200, 3).orElseThrow().decision().reason())
        .isEqualTo("too-many-nonfinite-steps");
    assertThat(gate.after(0, 0)).isEmpty();
  }

  @Test
  void withoutAChampionTheMajorityLabelIsToBeBeaten() {
    assertThat(gate.judge(scores("rrrrw", 0.5), null, null, WANTED))
        .isInstanceOf(Verdict.Promoted.class)
        .extracting(v -> v.decision().reason())
        .isEqualTo("better-than-majority");
    assertThat(gate.judge(scores("rrrww", 0.1), null, null, WANTED))
        .isInstanceOf(Verdict.Retained.class)
        .extracting(v -> v.decision().reason())
        .isEqualTo("not-better");
  }

  @Test
  void promotesFewerErrorsWhateverTheLogLoss() {
    Verdict verdict = gate.judge(scores("rrrrw", 0.9), scores("wrrww", 0.2), 3, WANTED);

    assertThat(verdict).isInstanceOf(Verdict.Promoted.class);
    Decision decision = verdict.decision();
    assertThat(decision.reason()).isEqualTo("fewer-errors");
    assertThat(decision.championVersion()).isEqualTo(3);
    assertThat(decision.onlyChallengerRight()).isEqualTo(2);
    assertThat(decision.onlyChampionRight()).isZero();
    assertThat(decision.pValue()).isEqualTo(0.5);
  }

  @Test
  void atEqualErrorsTheLogLossDecides() {
    assertThat(gate.judge(scores("rrrrw", 0.1), scores("wrrrr", 0.2), 3, WANTED).decision())
        .extracting(Decision::reason)
        .isEqualTo("lower-log-loss");
    assertThat(gate.judge(scores("rrrrw", 0.2), scores("wrrrr", 0.2), 3, WANTED))
        .isInstanceOf(Verdict.Retained.class);
    assertThat(gate.judge(scores("rrrrw", 0.2 - 1e-7), scores("wrrrr", 0.2), 3, WANTED))
        .isInstanceOf(Verdict.Retained.class);
  }

  @Test
  void neverPromotesMoreErrors() {
    assertThat(gate.judge(scores("rrrww", 0.1), scores("rrrrw", 0.9), 3, WANTED))
        .isInstanceOf(Verdict.Retained.class);
  }

  @Test
  void mcNemarsExactValues() {
    assertThat(McNemar.pValue(0, 0)).isEqualTo(1);
    assertThat(McNemar.pValue(5, 0)).isCloseTo(0.0625, within(1e-12));
    assertThat(McNemar.pValue(2, 8)).isCloseTo(0.109375, within(1e-12));
    assertThat(McNemar.pValue(8, 2)).isEqualTo(McNemar.pValue(2, 8));
    assertThat(McNemar.pValue(6, 6)).isEqualTo(1);
    assertThat(McNemar.pValue(900, 1000)).isCloseTo(0.023, within(0.002));
  }

  private String reason(List<String> train, int holdout) {
    return gate.before(train, holdout).orElseThrow().decision().reason();
  }

  private static Scores scores(String rows, double logLoss) {
    List<Boolean> right = rows.chars().mapToObj(c -> c == 'r').toList();
    double share = right.stream().filter(hit -> hit).count() / (double) right.size();
    return new Scores(right, share, share, logLoss);
  }
}
