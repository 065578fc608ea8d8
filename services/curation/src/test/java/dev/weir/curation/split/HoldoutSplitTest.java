package dev.weir.curation.split;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.contract.event.Split;
import dev.weir.contract.event.TextNormalizer;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class HoldoutSplitTest {

  @Test
  void boundsAreTheShareOfTheHashesRange() {
    HoldoutSplit quarter = new HoldoutSplit(0.25);
    assertThat(quarter.of("3fffffffffffffff" + "0".repeat(48))).isEqualTo(Split.HOLDOUT);
    assertThat(quarter.of("4000000000000000" + "0".repeat(48))).isEqualTo(Split.TRAIN);
    assertThat(quarter.of("ffffffffffffffff" + "0".repeat(48))).isEqualTo(Split.TRAIN);
    assertThat(new HoldoutSplit(0).of("0".repeat(64))).isEqualTo(Split.TRAIN);
  }

  @Test
  void holdsOutAboutTheShare() {
    HoldoutSplit fifth = new HoldoutSplit(0.2);
    long held =
        IntStream.range(0, 10_000)
            .filter(i -> fifth.of(TextNormalizer.hash("text " + i)) == Split.HOLDOUT)
            .count();
    // Four standard errors on either side.
    assertThat(held).isBetween(1840L, 2160L);
  }

  @Property
  void largerShareKeepsTheFormerHoldout(@ForAll String text) {
    String hash = TextNormalizer.hash(text);
    if (new HoldoutSplit(0.2).of(hash) == Split.HOLDOUT) {
      assertThat(new HoldoutSplit(0.3).of(hash)).isEqualTo(Split.HOLDOUT);
    }
    assertThat(new HoldoutSplit(0.2).of(hash)).isEqualTo(new HoldoutSplit(0.2).of(hash));
  }
}
