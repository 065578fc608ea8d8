package dev.weir.trainer.encoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.weir.model.base.BaseModel;
import dev.weir.model.session.MergedModel;
import dev.weir.model.spec.Architecture;
import dev.weir.model.spec.LinearModule;
import dev.weir.model.spec.Pooling;
import dev.weir.model.spec.Precision;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.model.weights.LoraConfig;
import dev.weir.testing.TestingAdapter;
import dev.weir.testing.TestingBaseModel;
import dev.weir.trainer.lora.BoundAdapter;
import dev.weir.trainer.lora.Parameter;
import dev.weir.trainer.lora.TrainableAdapter;
import dev.weir.trainer.serving.ServingEncoder;
import dev.weir.trainer.torch.Arithmetic;
import dev.weir.trainer.torch.TorchRuntime;
import dev.weir.trainer.torch.TrainingDevice;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BertEncoderTest {

  private static final LoraConfig ALL = new LoraConfig(3, 6, 0, LinearModule.parse("all-linear"));

  @TempDir Path directory;

  @ParameterizedTest
  @EnumSource(Pooling.class)
  void givesTheLogitsOfTheServingCode(Pooling pooling) {
    try (BaseModel base = base(pooling);
        ServingEncoder serving = new ServingEncoder(base, 1);
        BertEncoder encoder = new BertEncoder(base)) {
      AdapterWeights weights = TestingAdapter.random(base.config(), ALL, 3, 5);
      float[][] expected = serving.logits(weights, tokens(base));

      float[] logits = logits(encoder, weights, tokens(base), 0);

      assertSame(logits, expected, 1e-4f);
    }
  }

  @ParameterizedTest
  @EnumSource(Architecture.class)
  void eachArchitectureAnswersTheSameInTrainingInServingAndMerged(Architecture architecture) {
    try (BaseModel base = base(architecture);
        ServingEncoder serving = new ServingEncoder(base, 1);
        BertEncoder encoder = new BertEncoder(base)) {
      AdapterWeights weights = TestingAdapter.random(base.config(), ALL, 3, 5);
      List<int[]> tokens = tokens(base);
      Path file = directory.resolve("model.onnx");
      MergedModel.write(base, weights, Precision.FP32, file);
      float[][] merged =
          MergedModel.run(file, tokens.toArray(int[][]::new), base.config().padTokenId());

      float[] logits = logits(encoder, weights, tokens, 0);

      assertSame(logits, serving.logits(weights, tokens), 1e-5f);
      assertSame(logits, merged, 1e-5f);
    }
  }

  @ParameterizedTest
  @EnumSource(Architecture.class)
  void gradientsOfEachHeadAgreeWithFiniteDifferences(Architecture architecture) {
    try (BaseModel base = base(architecture);
        BertEncoder encoder = new BertEncoder(base)) {
      agreeWithFiniteDifferences(base, encoder);
    }
  }

  @ParameterizedTest
  @EnumSource(Pooling.class)
  void untrainedLoraAnswersAsTheBaseDoes(Pooling pooling) {
    try (BaseModel base = base(pooling);
        ServingEncoder serving = new ServingEncoder(base, 1);
        BertEncoder encoder = new BertEncoder(base)) {
      AdapterWeights head = TestingAdapter.random(base.config(), LoraConfig.NONE, 2, 5);
      AdapterWeights fresh = TrainableAdapter.fresh(base, ALL, head, 1).weights();

      float[] logits = logits(encoder, fresh, tokens(base), 0);

      assertSame(logits, serving.logits(head, tokens(base)), 1e-4f);
    }
  }

  @Test
  void aStepLeavesNoArrayBehind() {
    try (BaseModel base = base(Pooling.CLS);
        BertEncoder encoder = new BertEncoder(base);
        NDManager before = encoder.newStep()) {
      int arrays = before.getParentManager().getManagedArrays().size();

      logits(encoder, TestingAdapter.random(base.config(), ALL, 2, 5), tokens(base), 1);

      assertThat(before.getParentManager().getManagedArrays()).hasSize(arrays);
    }
  }

  @ParameterizedTest
  @EnumSource(Pooling.class)
  void bfloat16AnswersNearlyTheSameAndItsExactViewPrecisely(Pooling pooling) {
    try (BaseModel base = base(pooling);
        ServingEncoder serving = new ServingEncoder(base, 1);
        BertEncoder encoder = new BertEncoder(base, TrainingDevice.cpu(), Arithmetic.BF16)) {
      AdapterWeights weights = TestingAdapter.random(base.config(), ALL, 3, 5);
      float[][] expected = serving.logits(weights, tokens(base));

      assertSame(logits(encoder, weights, tokens(base), 0), expected, 0.05f);
      assertSame(logits(encoder.exact(), weights, tokens(base), 0), expected, 1e-4f);
    }
  }

  @ParameterizedTest
  @EnumSource(Pooling.class)
  void gradientsAgreeWithFiniteDifferences(Pooling pooling) {
    try (BaseModel base = base(pooling);
        BertEncoder encoder = new BertEncoder(base)) {
      agreeWithFiniteDifferences(base, encoder);
    }
  }

  private static void agreeWithFiniteDifferences(BaseModel base, BertEncoder encoder) {
    TrainableAdapter adapter =
        TrainableAdapter.from(base.config(), TestingAdapter.random(base.config(), ALL, 2, 5));
    List<float[]> gradients = gradients(encoder, adapter, tokens(base));
    Random random = new Random(3);
    for (int p = 0; p < gradients.size(); p++) {
      Parameter parameter = adapter.parameters().get(p);
      int i = random.nextInt(parameter.values().length);
      float value = parameter.values()[i];
      float nudge = 5e-3f;
      parameter.values()[i] = value + nudge;
      double above = loss(encoder, adapter, tokens(base));
      parameter.values()[i] = value - nudge;
      double below = loss(encoder, adapter, tokens(base));
      parameter.values()[i] = value;

      double expected = (above - below) / (2 * nudge);

      assertThat((double) gradients.get(p)[i])
          .as(parameter.name())
          .isCloseTo(expected, within(2e-3 + 0.02 * Math.abs(expected)));
    }
  }

  private BaseModel base(Pooling pooling) {
    return BaseModel.load(TestingBaseModel.write(directory, 7, pooling).toString());
  }

  private BaseModel base(Architecture architecture) {
    return BaseModel.load(
        TestingBaseModel.write(directory.resolve("base"), 7, architecture).toString());
  }

  private static List<int[]> tokens(BaseModel base) {
    return List.of(
        base.tokenizer().encode("a good film", 32),
        base.tokenizer().encode("the plot was boring and awful, not again", 32),
        base.tokenizer().encode("", 32));
  }

  private static float[] logits(
      BertEncoder encoder, AdapterWeights weights, List<int[]> tokens, int prefix) {
    TrainableAdapter adapter = TrainableAdapter.from(encoder.config(), weights);
    try (NDManager step = encoder.newStep();
        TorchRuntime.GradientMode off = TorchRuntime.gradients(false)) {
      BoundAdapter bound = adapter.bind(step, off.on());
      return forward(encoder, step, bound, tokens, prefix).toFloatArray();
    }
  }

  private static NDArray forward(
      BertEncoder encoder, NDManager step, BoundAdapter bound, List<int[]> tokens, int prefix) {
    TokenBatch batch =
        TokenBatch.of(step, tokens.toArray(int[][]::new), encoder.config().padTokenId());
    NDArray entering = encoder.prefix(batch, prefix);
    return bound.logits(encoder.pooled(entering, prefix, batch, bound, false));
  }

  private static NDArray loss(
      BertEncoder encoder, NDManager step, BoundAdapter bound, List<int[]> tokens) {
    float[] wanted = new float[tokens.size() * 2];
    for (int row = 0; row < tokens.size(); row++) {
      wanted[row * 2 + row % 2] = -1;
    }
    return forward(encoder, step, bound, tokens, 0)
        .logSoftmax(-1)
        .mul(TorchRuntime.own(step, wanted, tokens.size(), 2))
        .sum();
  }

  private static double loss(BertEncoder encoder, TrainableAdapter adapter, List<int[]> tokens) {
    try (NDManager step = encoder.newStep();
        TorchRuntime.GradientMode off = TorchRuntime.gradients(false)) {
      return loss(encoder, step, adapter.bind(step, off.on()), tokens).getFloat();
    }
  }

  private static List<float[]> gradients(
      BertEncoder encoder, TrainableAdapter adapter, List<int[]> tokens) {
    try (NDManager step = encoder.newStep();
        TorchRuntime.GradientMode on = TorchRuntime.gradients(true)) {
      BoundAdapter bound = adapter.bind(step, on.on());
      TorchRuntime.backward(loss(encoder, step, bound, tokens));
      return bound.gradients();
    }
  }

  private static void assertSame(float[] flat, float[][] rows, float tolerance) {
    int columns = rows[0].length;
    assertThat(flat).hasSize(rows.length * columns);
    for (int i = 0; i < flat.length; i++) {
      assertThat(flat[i]).isCloseTo(rows[i / columns][i % columns], within(tolerance));
    }
  }
}
