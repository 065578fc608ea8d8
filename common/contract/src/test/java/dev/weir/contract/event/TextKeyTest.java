package dev.weir.contract.event;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TextKeyTest {

  private static final List<String> SIGNS =
      List.of(
          "",
          "👍",
          "👎",
          "👍🏽",
          "👍👍",
          "😍",
          "😡",
          "❤️",
          "💔",
          "🇩🇪",
          "🇫🇷",
          "👨‍👩‍👧",
          "👨‍👩‍👦",
          "★★★☆☆",
          "★★★★★",
          ":)",
          ":(",
          ":-)",
          ":-(",
          ";)",
          ":'(",
          ":D",
          ":P",
          ":/",
          ":|",
          "=)",
          "=(",
          "<3",
          "</3",
          "^_^",
          ">_<",
          "-_-",
          "(:",
          ": )",
          ": (",
          "+1",
          "-1",
          "±1",
          "+",
          "5*",
          "100%",
          "✓",
          "✗",
          "€",
          "$",
          "¬");

  @Test
  void textsThatDifferInASignAloneAreTextsOfTheirOwn() {
    for (String frame : List.of("the service %s", "%s the service", "good %s bad", "Verdict: %s")) {
      Map<String, String> seen = new HashMap<>();
      for (String sign : SIGNS) {
        String text = frame.formatted(sign);
        String other = seen.put(TextKey.of(text).value(), text);
        assertThat(other).as(text).isNull();
      }
    }
    Map<String, String> seen = new HashMap<>();
    for (String text :
        List.of(
            "I like C",
            "I like C++",
            "I like C#",
            "I like C+",
            "a > b",
            "a < b",
            "a b",
            "a != b",
            "A film",
            "A- film",
            "A+ film",
            "👍",
            "👎",
            ":)",
            ":(",
            "!!!",
            "&#128077; fine",
            "&#128078; fine",
            "&#x1F44D;&#x1F44D; fine",
            "bad:(",
            "bad:)",
            "price 5",
            "price -5")) {
      assertThat(seen.put(TextKey.of(text).value(), text)).as(text).isNull();
    }
  }

  @Property(tries = 300)
  void caseSpaceMarkupAndPunctuationMakeNoOtherText(
      @ForAll("words") List<String> words, @ForAll("noise") List<String> noise, @ForAll int sign) {
    String end = SIGNS.get(Math.floorMod(sign, SIGNS.size()));
    String plain = String.join(" ", words) + " " + end;
    StringBuilder noisy = new StringBuilder();
    for (int i = 0; i < words.size(); i++) {
      String word = words.get(i);
      noisy.append(i % 2 == 0 ? word.toUpperCase(Locale.ROOT) : word);
      noisy.append(noise.get(i % noise.size())).append(' ');
    }
    noisy.append(' ').append(end).append("\n");
    TextKey key = TextKey.of(plain);
    assertThat(TextKey.of(noisy.toString()).value()).as(noisy.toString()).isEqualTo(key.value());
    assertThat(TextKey.of(String.join(" ", words)).coarse())
        .isEqualTo(TextNormalizer.hash(String.join(" ", words)));
  }

  @Provide
  Arbitrary<List<String>> words() {
    return Arbitraries.of("good", "soup", "not", "bad", "été", "漢字", "17")
        .list()
        .ofMinSize(1)
        .ofMaxSize(8);
  }

  @Provide
  Arbitrary<List<String>> noise() {
    return Arbitraries.of(
            "", ",", ".", "!", "?!", " \t ", "<br />", "…", "\"", " - ", ";", "&nbsp;", "&amp;",
            "—", "\u200b ")
        .list()
        .ofMinSize(1)
        .ofMaxSize(4);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "see http://example.com/a",
        "note:(see below)",
        "well-made and 3-4 days",
        "R&D (beta): fine",
        "item 8) soup",
        "at 10:30 sharp",
        "#hashtag",
        "**bold** and _it_",
        "> quoted",
        "• one",
        "a | b | c",
        "© 2024 Weir™",
        "50/50"
      })
  void ordinaryTextsKeepTheKeyOfTheFirstVersion(String text) {
    TextKey key = TextKey.of(text);
    assertThat(key.value()).isEqualTo(key.coarse()).isEqualTo(TextNormalizer.hash(text));
    assertThat(key.hadAnother()).isFalse();
  }

  @Test
  void variationsOfPresentationAreNoSigns() {
    assertThat(TextKey.of("love ❤").value()).isEqualTo(TextKey.of("love ❤️").value());
    assertThat(TextKey.of("great👍").value()).isEqualTo(TextKey.of("great 👍").value());
    assertThat(TextKey.of("score −1").value()).isEqualTo(TextKey.of("score -1").value());
    assertThat(TextKey.of("fine ：）").value()).isEqualTo(TextKey.of("fine :)").value());
    assertThat(TextKey.of("C ++").value()).isEqualTo(TextKey.of("c++").value());
  }

  @Test
  void keysOfTextsWithSignsCarryTheirVersion() {
    TextKey key = TextKey.of("soup 👍");
    assertThat(key.value()).startsWith("v2/").hasSize(67);
    assertThat(TextKey.isNew(key.value())).isTrue();
    assertThat(key.hadAnother()).isTrue();
    assertThat(key.coarse())
        .isEqualTo(TextKey.of("soup 👎").coarse())
        .isEqualTo(TextKey.of("soup").value());
  }

  @Property(tries = 500)
  void anyTextHasAKey(@ForAll String text) {
    TextKey key = TextKey.of(text);
    assertThat(TextKey.of(text)).isEqualTo(key);
    assertThat(key.coarse()).matches("[0-9a-f]{64}");
  }

  /** The sorting in a normaliser is bounded by the longest run that it is given. */
  @Property(tries = 500)
  void noRunOfMarksIsLongerThanTheBound(@ForAll("marks") String text) {
    String bounded = BoundedMarks.in(text);
    int run = 0;
    int longest = 0;
    for (int codePoint : bounded.codePoints().toArray()) {
      run = BoundedMarks.mark(codePoint) ? run + 1 : 0;
      longest = Math.max(longest, run);
    }
    assertThat(longest).isLessThanOrEqualTo(BoundedMarks.MOST);
    assertThat(bounded.replace("\u034F", "")).isEqualTo(text.replace("\u034F", ""));
    assertThat(bounded.length())
        .isLessThanOrEqualTo(text.length() + text.length() / BoundedMarks.MOST);
  }

  @Provide
  Arbitrary<String> marks() {
    return Arbitraries.of(
            "\u0301", "\u0316", "\u0345", "\uFF9E", "\u0344", "\u20DD", "\uD834\uDD65", "e")
        .list()
        .ofMaxSize(300)
        .map(parts -> String.join("", parts));
  }

  @Test
  void longestTextsOfOneKindHaveKeys() {
    for (String unit :
        List.of(
            "\u0301\u0316",
            "\uFF9E\u0316",
            "<",
            "<a",
            "&#",
            ":",
            ":(",
            ")",
            "-",
            "+",
            "👍",
            "\u200D",
            "a ",
            "=)=(")) {
      String text = unit.repeat(100_000 / unit.length());
      assertThat(TextKey.of(text).value()).isNotEmpty();
    }
  }
}
