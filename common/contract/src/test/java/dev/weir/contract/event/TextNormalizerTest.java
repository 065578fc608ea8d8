package dev.weir.contract.event;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class TextNormalizerTest {

  @Test
  void caseMarkupPunctuationAndSpaceDoNotMakeAnotherText() {
    String hash = TextNormalizer.hash("Not bad, at all!");
    assertThat(TextNormalizer.hash("  not  BAD<br />at all")).isEqualTo(hash);
    assertThat(TextNormalizer.hash("not bad &amp; at all…")).isEqualTo(hash);
    assertThat(TextNormalizer.hash("not bad at tall")).isNotEqualTo(hash);
  }

  @Test
  void emojiOnlyTextsStayDifferent() {
    assertThat(TextNormalizer.hash("👍")).isNotEqualTo(TextNormalizer.hash("👎"));
  }

  @Property(tries = 300)
  void normalizingTwiceChangesNothing(@ForAll String text) {
    String once = TextNormalizer.normalize(text);
    assertThat(TextNormalizer.normalize(once)).isEqualTo(once);
  }
}
