package dev.weir.model.base;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.contract.event.Surrogates;
import dev.weir.contract.text.TokenLimit;
import dev.weir.contract.text.Truncation;
import dev.weir.contract.text.VisibleText;
import dev.weir.model.spec.Architecture;
import dev.weir.testing.TestingBaseModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TextTokenizerTest {
  private static final int CLS = 2;
  private static final int SEP = 3;

  @TempDir static Path directory;
  private static BaseModel base;
  private static TextTokenizer tokenizer;

  @BeforeAll
  static void load() {
    base = BaseModel.load(TestingBaseModel.write(directory, 1).toString());
    tokenizer = base.tokenizer();
  }

  @AfterAll
  static void close() {
    base.close();
  }

  @Test
  void emptyTextIsClsAndSep() {
    assertThat(tokenizer.encode("", 16)).containsExactly(CLS, SEP);
    assertThat(tokenizer.encode(" \n\t", 16)).containsExactly(CLS, SEP);
    assertThat(tokenizer.encode("good film", 2)).containsExactly(CLS, SEP);
  }

  @Test
  void ignoresTheFilesOwnTruncationAndPadding() {
    int[] one = tokenizer.encode("good", 64);
    assertThat(one).hasSize(3);
    assertThat(tokenizer.encode("good good good good good good good good good good", 64))
        .hasSize(12)
        .startsWith(CLS, one[1])
        .endsWith(one[1], SEP);
  }

  @Test
  void longTextKeepsHeadAndTail() {
    int[] all = tokenizer.encode("the film was bad and the plot is boring", 64);
    int[] cut = tokenizer.encode("the film was bad and the plot is boring", 7);
    assertThat(all).hasSize(11);
    assertThat(cut).containsExactly(CLS, all[1], all[2], all[3], all[8], all[9], SEP);
  }

  @Test
  void veryLongTextIsCutToBothEndsBeforeTokenizing() {
    String text = "good " + "x ".repeat(200_000) + "bad";
    int[] ids = tokenizer.encode(text, 6);
    int good = tokenizer.encode("good", 6)[1];
    int bad = tokenizer.encode("bad", 6)[1];
    assertThat(ids).hasSize(6).startsWith(CLS, good).endsWith(bad, SEP);
  }

  @Test
  void truncationSaysWhichSideIsRead() {
    String text = "the film was bad and the plot is boring";
    int[] all = tokenizer.encode(text, 64);
    assertThat(tokenizer.encode(text, new TokenLimit(5, Truncation.RIGHT)))
        .containsExactly(CLS, all[1], all[2], all[3], SEP);
    assertThat(tokenizer.encode(text, new TokenLimit(5, Truncation.LEFT)))
        .containsExactly(CLS, all[7], all[8], all[9], SEP);
    String veryLong = "good " + "x ".repeat(200_000) + "bad";
    assertThat(tokenizer.encode(veryLong, new TokenLimit(6, Truncation.RIGHT))[1])
        .isEqualTo(tokenizer.encode("good", 6)[1]);
    assertThat(tokenizer.encode(veryLong, new TokenLimit(6, Truncation.LEFT))[4])
        .isEqualTo(tokenizer.encode("bad", 6)[1]);
    for (Truncation truncation : Truncation.values()) {
      assertThat(Truncation.parse(truncation.id())).isEqualTo(truncation);
      assertThat(tokenizer.encode("good film", new TokenLimit(8, truncation))).hasSize(4);
    }
    assertThatThrownBy(() -> Truncation.parse("middle"))
        .hasMessageContaining("left, right, head+tail");
  }

  @Test
  void byteLevelPiecesLieBetweenRobertasOwnTokens(@TempDir Path other) {
    TestingBaseModel.write(other, 1, Architecture.ROBERTA);
    try (BaseModel roberta = BaseModel.load(other.toString())) {
      assertThat(roberta.config().clsTokenId()).isZero();
      assertThat(roberta.config().padTokenId()).isEqualTo(1);
      assertThat(roberta.config().sepTokenId()).isEqualTo(2);
      int[] ids = roberta.tokenizer().encode("a good film \0🎬 é", 64);
      assertThat(ids).startsWith(0).endsWith(2).hasSizeBetween(8, 20);
      assertThat(Arrays.stream(ids).boxed())
          .allMatch(id -> id >= 0 && id < roberta.config().vocabSize());
      assertThat(roberta.tokenizer().encode("", 16)).containsExactly(0, 2);
    }
  }

  @Test
  void specialTokensMayBeAddedOnes(@TempDir Path other) throws Exception {
    Path file = TestingBaseModel.write(other, 1, Architecture.ROBERTA).resolve("tokenizer.json");
    ObjectNode json = (ObjectNode) new ObjectMapper().readTree(file.toFile());
    ((ObjectNode) json.path("model").path("vocab")).remove("</s>");
    Files.write(file, new ObjectMapper().writeValueAsBytes(json));
    try (BaseModel roberta = BaseModel.load(other.toString())) {
      assertThat(roberta.config().sepTokenId()).isEqualTo(2);
    }
  }

  @Test
  void clippingNeverSplitsASurrogatePair() {
    String text = "a" + "🎬".repeat(1000);
    for (int maxTokens = 2; maxTokens < 6; maxTokens++) {
      String clipped = TextTokenizer.clip(text, TokenLimit.of(maxTokens));
      assertThat(clipped).hasSizeLessThan(text.length());
      assertThat(Surrogates.replaceLone(clipped)).isEqualTo(clipped);
      String shifted = TextTokenizer.clip(text + "b", TokenLimit.of(maxTokens));
      assertThat(Surrogates.replaceLone(shifted)).isEqualTo(shifted);
    }
  }

  @Test
  void loneSurrogatesBecomeReplacementCharacters() {
    assertThat(Surrogates.replaceLone("a\uD83Cb\uDFACc🎬")).isEqualTo("a\uFFFDb\uFFFDc🎬");
    int[] ids = tokenizer.encode("good \uD83C film", 16);
    assertThat(ids).startsWith(CLS).endsWith(SEP);
  }

  @Test
  void nulEmojiAndOtherScriptsAreHarmless() {
    int good = tokenizer.encode("good", 8)[1];
    int film = tokenizer.encode("film", 8)[1];
    int[] ids = tokenizer.encode("good \0🎬👩‍👩‍👧 映画 film", 32);
    assertThat(Arrays.stream(ids).boxed()).startsWith(CLS, good).endsWith(film, SEP);
    assertThat(Arrays.stream(ids).boxed())
        .allMatch(id -> id >= 0 && id < base.config().vocabSize());
  }

  /** Whatever says nothing, in whatever number and place, has no part in what is kept. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        " ",
        "\n",
        "\t",
        "\r\n",
        "\u00a0",
        "\u2003",
        "\u3000",
        "\u200b",
        "\u200e",
        "\u202e",
        "\u2066",
        "\ufeff",
        "\u00ad",
        "\u2060",
        "\0",
        "\u0007",
        "\u007f",
        "\u0085",
        "\ufe0f",
        "\udb40\udd00",
        " \u200b\n",
        "<br />",
        "<p class=\"x\">",
        "</div>\n",
        "<!-- x -->"
      })
  void whatSaysNothingTakesNoRoom(String nothing) {
    String text = "the film was bad and the plot is boring";
    int[] without = tokenizer.encode(text, 32);
    for (TokenLimit limit :
        List.of(
            TokenLimit.of(32),
            new TokenLimit(32, Truncation.LEFT),
            new TokenLimit(32, Truncation.RIGHT))) {
      String much = nothing.repeat(4100);
      assertThat(tokenizer.encode(much + text + much, limit)).isEqualTo(without);
      assertThat(tokenizer.encode(much + text, limit)).isEqualTo(without);
      assertThat(tokenizer.encode(text + much, limit)).isEqualTo(without);
      String between = text.replace(" ", " " + nothing.repeat(500) + " ");
      assertThat(tokenizer.encode(between, limit)).isEqualTo(without);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"\u2603\u2603", "<br /><br/>", "</p>\u200b <hr>", "\u200b\ufeff", "<!-- bad -->"})
  void textWithoutAWordThatIsKnownHasNoPieces(String text) {
    assertThat(tokenizer.encodeKnown(text, TokenLimit.of(16))).containsExactly(CLS, SEP);
  }

  @Test
  void marksWithoutAnEndDoNotPushOutTheText() {
    String marks = "\u0301".repeat(4100);
    int[] without = tokenizer.encode("bad film", 16);
    assertThat(tokenizer.encode("bad" + marks + " film", 16)).hasSameSizeAs(without);
  }

  @Test
  void whatJoinsEmojiStays() {
    String family = "\ud83d\udc69\u200d\ud83d\udc69\u200d\ud83d\udc67 \u2764\ufe0f ok";
    assertThat(VisibleText.of(family)).isSameAs(family);
    assertThat(VisibleText.of("a < b, x<y and 1 <2")).isEqualTo("a < b, x<y and 1 <2");
    assertThat(VisibleText.withoutTags("a < b, x<y and 1 <2")).isEqualTo("a < b, x<y and 1 <2");
    assertThat(VisibleText.of(" ".repeat(9) + "ok" + "\u200b".repeat(9) + "ay "))
        .isEqualTo("okay ");
  }

  @Test
  void timeIsLinearInTags() {
    String open = "<a".repeat(1 << 20);
    assertThat(VisibleText.withoutTags(open)).isSameAs(open);
  }
}
