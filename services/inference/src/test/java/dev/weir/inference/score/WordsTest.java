package dev.weir.inference.score;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class WordsTest {

  @Test
  void wordsAreWhatReadersTakeForThem() {
    assertThat(words("It isn't bad, is it?  10/10 €5", 64))
        .containsExactly("It", "isn't", "bad", "is", "it", "10", "10", "€5");
    assertThat(words("wow 👨‍👩‍👧‍👦👍🏽 e\u0301te\u0301", 64))
        .contains("wow", "e\u0301te\u0301")
        .anyMatch(word -> word.contains("👨‍👩‍👧‍👦"));
    assertThat(words("الفيلم سيئ", 64)).containsExactly("الفيلم", "سيئ");
    assertThat(words(" ?! … ", 64)).isEmpty();
  }

  @Test
  void longTextsAreTakenInGroupsThatLeaveNothingOut() {
    assertThat(words("a b c d e", 2)).containsExactly("a b c", "d e");
    assertThat(words("a b c d", 2)).containsExactly("a b", "c d");
  }

  @Property(tries = 300)
  void spansAreInOrderBoundedAndCutNoCharacter(
      @ForAll String text, @ForAll @IntRange(min = 1, max = 9) int most) {
    List<Words.Span> spans = Words.of(text, most);
    assertThat(spans).hasSizeLessThanOrEqualTo(most);
    int last = 0;
    for (Words.Span span : spans) {
      assertThat(span.start()).isGreaterThanOrEqualTo(last);
      assertThat(span.end()).isGreaterThan(span.start());
      last = span.end();
      for (int at : new int[] {span.start(), span.end()}) {
        boolean inside =
            at > 0
                && at < text.length()
                && Character.isHighSurrogate(text.charAt(at - 1))
                && Character.isLowSurrogate(text.charAt(at));
        assertThat(inside).isFalse();
      }
    }
    assertThat(last).isLessThanOrEqualTo(text.length());
  }

  private static List<String> words(String text, int most) {
    return Words.of(text, most).stream()
        .map(span -> text.substring(span.start(), span.end()))
        .toList();
  }
}
