package dev.weir.model.session;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.weir.model.base.BaseModel;
import dev.weir.model.graph.SlotLayout;
import dev.weir.model.peft.PeftFiles;
import dev.weir.model.spec.Precision;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.testing.GoldenModel;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Tokens, and logits of adapters that PEFT trained, are those of the reference implementations. */
class GoldenModelTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Offset<Float> TOLERANCE = Offset.offset(1e-4f);

  @TempDir Path directory;

  static Stream<GoldenModel> models() {
    return GoldenModel.all();
  }

  static Stream<GoldenModel.Case> cases() {
    return GoldenModel.cases();
  }

  static List<String> builtIn() {
    return BaseModel.builtIn();
  }

  @ParameterizedTest
  @MethodSource("models")
  void tokenIdsAreThoseOfTheReferenceTokenizer(GoldenModel golden) {
    try (BaseModel base = base(golden)) {
      assertThat(tokens(base, golden.texts(), golden.maxTokens())).isDeepEqualTo(golden.tokens());
    }
  }

  @ParameterizedTest
  @MethodSource("builtIn")
  void tokenIdsOfTheBuiltInModelsAreThoseOfTheReferenceTokenizer(String name) {
    JsonNode golden = GoldenModel.builtInTokens();
    List<String> texts =
        JSON.convertValue(
            golden.path("texts"),
            JSON.getTypeFactory().constructCollectionType(List.class, String.class));
    try (BaseModel base = BaseModel.load(name)) {
      assertThat(tokens(base, texts, golden.path("maxTokens").asInt()))
          .isDeepEqualTo(JSON.convertValue(golden.path("tokens").path(name), int[][].class));
    }
  }

  @ParameterizedTest
  @MethodSource("models")
  void loneSurrogatesHaveTheTokensOfTheReplacementCharacter(GoldenModel golden) {
    // The reference takes UTF-8 only, so its vectors have U+FFFD where the text was broken.
    try (BaseModel base = base(golden)) {
      List<String> texts = golden.texts();
      assertThat(texts).anyMatch(text -> text.contains("\uFFFD"));
      for (int i = 0; i < texts.size(); i++) {
        for (String lone : List.of("\uD83D", "\uDC69")) {
          int[] tokens =
              base.tokenizer().encode(texts.get(i).replace("\uFFFD", lone), golden.maxTokens());
          assertThat(tokens).isEqualTo(golden.tokens()[i]);
        }
      }
    }
  }

  @Test
  void goldenTextsHoldWhatTokenizersTripOver() {
    List<String> texts = GoldenModel.all().findFirst().orElseThrow().texts();
    assertThat(texts).contains("");
    assertThat(String.join("\n", texts))
        .as("NUL, replacement, joiner, right-to-left, combining, variation, emoji, Hebrew")
        .contains("\0", "\uFFFD", "\u200D", "\u200F", "\u0301", "\uFE0F", "\uD83D\uDC68", "\u05E9");
  }

  @ParameterizedTest
  @MethodSource("cases")
  void servedLogitsAreThoseOfTheReference(GoldenModel.Case golden) {
    GoldenModel model = golden.model();
    try (BaseModel base = base(model)) {
      AdapterWeights weights = adapter(golden, base);
      SlotLayout layout =
          new SlotLayout(
              1,
              weights.lora().maxRank(),
              weights.labels().size(),
              weights.lora().targets(),
              weights.lora().useDora());
      try (SlotEncoder encoder = SlotEncoder.open(base, layout, Precision.FP32, 1)) {
        encoder.write(0, weights);
        int[][] tokens = model.tokens();
        float[][] answers = encoder.run(tokens, new int[tokens.length]).logits();
        assertClose(answers, model.logits(golden.variant()));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void mergedLogitsAreThoseOfTheReference(GoldenModel.Case golden) {
    GoldenModel model = golden.model();
    Path file = directory.resolve("model.onnx");
    try (BaseModel base = base(model)) {
      MergedModel.write(base, adapter(golden, base), Precision.FP32, file);
      float[][] answers = MergedModel.run(file, model.tokens(), base.config().padTokenId());
      assertClose(answers, model.logits(golden.variant()));
    }
  }

  private BaseModel base(GoldenModel golden) {
    return BaseModel.load(golden.writeBase(directory.resolve("base")).toString());
  }

  private AdapterWeights adapter(GoldenModel.Case golden, BaseModel base) {
    Path files = golden.model().writeAdapter(golden.variant(), directory.resolve("adapter"));
    return PeftFiles.read(files, base.config());
  }

  private static int[][] tokens(BaseModel base, List<String> texts, int maxTokens) {
    return texts.stream()
        .map(text -> base.tokenizer().encode(text, maxTokens))
        .toArray(int[][]::new);
  }

  private static void assertClose(float[][] actual, float[][] expected) {
    assertThat(actual).hasDimensions(expected.length, expected[0].length);
    for (int row = 0; row < expected.length; row++) {
      assertThat(actual[row]).as("text %d", row).containsExactly(expected[row], TOLERANCE);
    }
  }
}
