package dev.weir.model.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtSession;
import dev.weir.model.base.BaseModel;
import dev.weir.model.device.OnnxRuntime;
import dev.weir.model.graph.SlotLayout;
import dev.weir.model.spec.LinearModule;
import dev.weir.model.spec.Pooling;
import dev.weir.model.spec.Precision;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.model.weights.LoraConfig;
import dev.weir.testing.TestingAdapter;
import java.io.InputStream;
import java.nio.LongBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BuiltInModelIT {
  private static final String[] TEXTS = {
    "A wonderful film, from the first minute to the last!",
    "It broke after two days :( 不良品 🎬 naïve café — I'd not buy it again...",
  };

  @ParameterizedTest
  @ValueSource(strings = {"bge-small-en-v1.5", "all-minilm-l6-v2"})
  void embedsAsTheOriginalGraphAndTokenizesAsTheOriginalTokenizer(String name) throws Exception {
    SlotLayout layout = new SlotLayout(1, 0, 2, Set.of());
    try (BaseModel base = BaseModel.load(name);
        SlotEncoder encoder = SlotEncoder.open(base, layout, Precision.FP32, 1);
        HuggingFaceTokenizer raw = rawTokenizer(name);
        InputStream onnx = BaseModel.class.getResourceAsStream("/" + name + ".onnx");
        OrtSession original = OnnxRuntime.environment().createSession(onnx.readAllBytes())) {
      assertThat(base.digest()).hasSize(64);
      int[][] ids = new int[TEXTS.length][];
      for (int i = 0; i < TEXTS.length; i++) {
        ids[i] = base.tokenizer().encode(TEXTS[i], 64);
        long[] unpadded =
            Arrays.stream(raw.encode(TEXTS[i]).getIds())
                .filter(id -> id != base.config().padTokenId())
                .toArray();
        assertThat(Arrays.stream(ids[i]).asLongStream().toArray()).containsExactly(unpadded);
      }
      float[][] pooled = encoder.run(ids, new int[ids.length]).pooled();
      for (int i = 0; i < ids.length; i++) {
        float[] expected = embed(original, ids[i], base.config().pooling());
        assertThat(pooled[i]).containsExactly(expected, within(1e-4f));
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "bge-small-en-v1.5,INT8_WEIGHT_ONLY",
    "all-minilm-l6-v2,INT8_WEIGHT_ONLY",
    "bge-small-en-v1.5,INT8",
    "all-minilm-l6-v2,INT8"
  })
  void eightBitAnswersDoNotDependOnBatchmatesOfTheSameLength(String name, Precision precision) {
    SlotLayout layout = new SlotLayout(1, 8, 2, LinearModule.parse("query,value"));
    try (BaseModel base = BaseModel.load(name);
        SlotEncoder encoder = SlotEncoder.open(base, layout, precision, 1)) {
      LoraConfig lora = new LoraConfig(8, 16, 0, layout.targets());
      AdapterWeights adapter = TestingAdapter.random(base.config(), lora, 2, 3);
      encoder.write(0, adapter);
      Random random = new Random(1);
      int[][] texts = new int[8][];
      for (int row = 0; row < texts.length; row++) {
        texts[row] = random.ints(23, 1000, base.config().vocabSize()).toArray();
      }
      EncoderOutput together = encoder.run(texts, new int[8]);
      for (int row = 0; row < texts.length; row++) {
        EncoderOutput alone = encoder.run(new int[][] {texts[row]}, new int[1]);
        assertThat(alone.logits()[0]).isEqualTo(together.logits()[row]);
        assertThat(alone.pooled()[0]).isEqualTo(together.pooled()[row]);
      }
    }
  }

  /** Another padded length rounds differently; decision 0038 says how far an answer may move. */
  @ParameterizedTest
  @ValueSource(strings = {"bge-small-en-v1.5", "all-minilm-l6-v2"})
  void int8AnswersInMixedCompanyStayWithinTheBound(String name) {
    double bound = 0.01;
    SlotLayout layout = new SlotLayout(1, 8, 2, LinearModule.parse("query,value"));
    try (BaseModel base = BaseModel.load(name);
        SlotEncoder encoder = SlotEncoder.open(base, layout, Precision.INT8, 1)) {
      LoraConfig lora = new LoraConfig(8, 16, 0, layout.targets());
      encoder.write(0, TestingAdapter.random(base.config(), lora, 2, 3));
      Random random = new Random(2);
      int[][] texts = new int[24][];
      for (int i = 0; i < texts.length; i++) {
        texts[i] = random.ints(4 + random.nextInt(40), 1000, base.config().vocabSize()).toArray();
      }
      for (int i = 0; i < texts.length; i++) {
        double alone = probability(encoder.run(new int[][] {texts[i]}, new int[1]).logits()[0]);
        int[][] company = {texts[i], texts[(i + 5) % 24], texts[(i + 11) % 24]};
        double together = probability(encoder.run(company, new int[3]).logits()[0]);
        assertThat(together).isCloseTo(alone, within(bound));
        if (Math.abs(alone - 0.5) > bound) {
          assertThat(together > 0.5).isEqualTo(alone > 0.5);
        }
      }
    }
  }

  private static double probability(float[] logits) {
    return 1 / (1 + Math.exp(logits[0] - logits[1]));
  }

  private static HuggingFaceTokenizer rawTokenizer(String name) throws Exception {
    try (InputStream in = BaseModel.class.getResourceAsStream("/" + name + "-tokenizer.json")) {
      return HuggingFaceTokenizer.newInstance(in, Map.of());
    }
  }

  private static float[] embed(OrtSession session, int[] ids, Pooling pooling) throws Exception {
    OrtEnvironment environment = OnnxRuntime.environment();
    long[] shape = {1, ids.length};
    long[] ones = new long[ids.length];
    Arrays.fill(ones, 1);
    LongBuffer idBuffer = LongBuffer.wrap(Arrays.stream(ids).asLongStream().toArray());
    try (OnnxTensor tokens = OnnxTensor.createTensor(environment, idBuffer, shape);
        OnnxTensor mask = OnnxTensor.createTensor(environment, LongBuffer.wrap(ones), shape);
        OnnxTensor types =
            OnnxTensor.createTensor(environment, LongBuffer.wrap(new long[ids.length]), shape);
        OrtSession.Result result =
            session.run(
                Map.of("input_ids", tokens, "attention_mask", mask, "token_type_ids", types))) {
      float[][] hidden = ((float[][][]) result.get(0).getValue())[0];
      if (pooling == Pooling.CLS) {
        return hidden[0];
      }
      float[] mean = new float[hidden[0].length];
      for (float[] token : hidden) {
        for (int i = 0; i < mean.length; i++) {
          mean[i] += token[i] / hidden.length;
        }
      }
      return mean;
    }
  }
}
