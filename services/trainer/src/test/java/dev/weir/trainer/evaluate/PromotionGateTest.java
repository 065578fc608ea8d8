package dev.weir.trainer.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.weir.contract.release.Decision;
import dev.weir.trainer.evaluate.PromotionGate.Opponent;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class PromotionGateTest {

  private static final List<String> WANTED = List.of("a", "b", "a", "b", "a");

  private static final Scores NONE = scores("", 0);

  private final PromotionGate gate = new PromotionGate(10, 0.01);

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
    assertThat(gate.judge(scores("rrrrw", 0.5), NONE, null, WANTED))
        .isInstanceOf(Verdict.Promoted.class)
        .extracting(v -> v.decision().reason())
        .isEqualTo("better-than-majority");
    assertThat(gate.judge(scores("rrrww", 0.1), NONE, null, WANTED))
        .isInstanceOf(Verdict.Retained.class)
        .extracting(v -> v.decision().reason())
        .isEqualTo("not-better");
  }

  @Test
  void promotesFewerErrorsWhateverTheLogLoss() {
    Verdict verdict =
        gate.judge(scores("rrrrw", 0.9), NONE, champion(scores("wrrww", 0.2)), WANTED);

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
    assertThat(
            gate.judge(scores("rrrrw", 0.1), NONE, champion(scores("wrrrr", 0.2)), WANTED)
                .decision())
        .extracting(Decision::reason)
        .isEqualTo("lower-log-loss");
    assertThat(gate.judge(scores("rrrrw", 0.2), NONE, champion(scores("wrrrr", 0.2)), WANTED))
        .isInstanceOf(Verdict.Retained.class);
    assertThat(
            gate.judge(scores("rrrrw", 0.2 - 1e-7), NONE, champion(scores("wrrrr", 0.2)), WANTED))
        .isInstanceOf(Verdict.Retained.class);
  }

  @Test
  void neverPromotesMoreErrors() {
    assertThat(gate.judge(scores("rrrww", 0.1), NONE, champion(scores("rrrrw", 0.9)), WANTED))
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

  @Test
  void retainsWhoForgetsWhateverItGains() {
    Scores knew = scores("r".repeat(190) + "w".repeat(10), 0.3);
    Opponent champion = new Opponent(3, scores("wwwww", 0.9), knew, 0);

    Verdict two = gate.judge(scores("rrrrr", 0.1), frozen(200, 12), champion, WANTED);
    assertThat(two).isInstanceOf(Verdict.Promoted.class);

    Verdict three = gate.judge(scores("rrrrr", 0.1), frozen(200, 13), champion, WANTED);
    assertThat(three).isInstanceOf(Verdict.Retained.class);
    Decision decision = three.decision();
    assertThat(decision.reason()).isEqualTo("forgets");
    assertThat(decision.message())
        .contains("13 errors on the 200 frozen rows against the champion's 10")
        .contains("WEIR_TRAIN_MAX_FORGETTING")
        .contains("0 errors on 5 rows");
    assertThat(decision.frozen()).isEqualTo(new Decision.Frozen(200, 0.935, 0.95, 0.95, true));
    assertThat(decision.onlyChallengerRight()).isEqualTo(5);
  }

  @Test
  void fewFrozenRowsRuleNothingAndOneRowIsNoForgetting() {
    Verdict few =
        gate.judge(
            scores("rrrrr", 0.1),
            frozen(49, 49),
            new Opponent(3, scores("wwwww", 0.9), frozen(49, 0), 0),
            WANTED);
    assertThat(few).isInstanceOf(Verdict.Promoted.class);
    assertThat(few.decision().frozen()).isEqualTo(new Decision.Frozen(49, 0, 1.0, 1.0, false));

    Opponent perfect = new Opponent(3, scores("wwwww", 0.9), frozen(50, 0), 0);
    assertThat(gate.judge(scores("rrrrr", 0.1), frozen(50, 1), perfect, WANTED))
        .isInstanceOf(Verdict.Promoted.class);
    assertThat(gate.judge(scores("rrrrr", 0.1), frozen(50, 2), perfect, WANTED))
        .isInstanceOf(Verdict.Retained.class);
  }

  @Test
  void withoutAChampionThereIsNothingToForget() {
    Decision decision = gate.judge(scores("rrrrr", 0.1), frozen(60, 60), null, WANTED).decision();

    assertThat(decision.reason()).isEqualTo("better-than-majority");
    assertThat(decision.frozen()).isEqualTo(new Decision.Frozen(60, 0, null, null, false));
  }

  @Test
  void aLongRowOfChampionsMayNotForgetMoreThanOne() {
    Opponent worn = new Opponent(9, scores("wwwww", 0.9), frozen(200, 12), 0.95);

    Verdict same = gate.judge(scores("rrrrr", 0.1), frozen(200, 12), worn, WANTED);
    Verdict further = gate.judge(scores("rrrrr", 0.1), frozen(200, 13), worn, WANTED);

    assertThat(same).isInstanceOf(Verdict.Promoted.class);
    assertThat(further).isInstanceOf(Verdict.Retained.class);
    assertThat(further.decision().reason()).isEqualTo("forgets");
    assertThat(further.decision().message())
        .contains("13 errors on the 200 frozen rows against the champion's 12")
        .contains("the best champion's 10");
    assertThat(further.decision().frozen())
        .isEqualTo(new Decision.Frozen(200, 0.935, 0.94, 0.95, true));
  }

  private static Opponent champion(Scores holdout) {
    return new Opponent(3, holdout, NONE, 0);
  }

  private static Scores frozen(int rows, int errors) {
    return scores("r".repeat(rows - errors) + "w".repeat(errors), 0.3);
  }

  private static Scores scores(String rows, double logLoss) {
    List<Boolean> right = rows.chars().mapToObj(c -> c == 'r').toList();
    double share =
        right.isEmpty() ? 0 : right.stream().filter(hit -> hit).count() / (double) right.size();
    return new Scores(Collections.nCopies(right.size(), "a"), right, share, share, logLoss, 0);
  }
}
