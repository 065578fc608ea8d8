package dev.weir.trainer.encoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.weir.model.base.BaseModel;
import dev.weir.model.spec.LinearModule;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.model.weights.LoraConfig;
import dev.weir.model.weights.LoraPair;
import dev.weir.testing.TestingAdapter;
import dev.weir.testing.TestingBaseModel;
import dev.weir.trainer.export.ArtifactWriter;
import dev.weir.trainer.export.ParityCheck;
import dev.weir.trainer.lora.BoundAdapter;
import dev.weir.trainer.lora.Parameter;
import dev.weir.trainer.lora.TrainableAdapter;
import dev.weir.trainer.serving.ServingEncoder;
import dev.weir.trainer.torch.TorchRuntime;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every option of LoRA: the trainer's forward pass against the serving code and merged models. */
class LoraVariantsTest {

  private static final Set<LinearModule> ALL = LinearModule.parse("all-linear");

  @TempDir static Path directory;
  private static BaseModel base;
  private static ServingEncoder serving;
  private static BertEncoder encoder;
  private static List<int[]> tokens;

  @BeforeAll
  static void open() {
    base = BaseModel.load(TestingBaseModel.write(directory.resolve("base"), 7).toString());
    serving = new ServingEncoder(base, 1);
    encoder = new BertEncoder(base);
    tokens =
        List.of(
            base.tokenizer().encode("a good film", 32),
            base.tokenizer().encode("the plot was boring and awful, not again", 32));
  }

  @AfterAll
  static void close() {
    encoder.close();
    serving.close();
    base.close();
  }

  @ParameterizedTest
  @CsvSource({
    "true,false,false,false",
    "false,true,false,false",
    "false,false,true,false",
    "false,false,false,true",
    "true,true,true,true"
  })
  void trainerServingAndMergedModelAgree(
      boolean rslora, boolean dora, boolean patterns, boolean layers) {
    AdapterWeights weights =
        TestingAdapter.random(base.config(), lora(rslora, dora, patterns, layers, 0), 2, 5);

    float[] ours = logits(TrainableAdapter.from(base.config(), weights), false);

    float[][] served = serving.logits(weights, tokens);
    for (int i = 0; i < ours.length; i++) {
      assertThat(ours[i]).isCloseTo(served[i / 2][i % 2], within(1e-5f));
    }
    new ArtifactWriter(base).writeMerged(directory, weights);
    Path merged = directory.resolve(ArtifactWriter.MERGED);
    assertThat(ParityCheck.difference(encoder, weights, merged, tokens)).isLessThan(1e-5);
  }

  @Test
  void untrainedDoraAnswersAsTheBaseDoes() {
    AdapterWeights head = TestingAdapter.random(base.config(), LoraConfig.NONE, 2, 5);
    TrainableAdapter fresh =
        TrainableAdapter.fresh(base, lora(true, true, true, false, 0.5), head, 1);
    float[][] bare = serving.logits(head, tokens);
    for (boolean training : new boolean[] {false, true}) {
      float[] logits = logits(fresh, training);
      for (int i = 0; i < logits.length; i++) {
        assertThat(logits[i]).isCloseTo(bare[i / 2][i % 2], within(1e-5f));
      }
    }
  }

  @Test
  void doraThatKeepsAllLengthsIsLoraUnderDropoutToo() {
    LoraConfig plain = lora(false, false, true, false, 0.5);
    LoraConfig dora = lora(false, true, true, false, 0.5);
    AdapterWeights weights = TestingAdapter.random(base.config(), plain, 2, 5);
    Map<String, LoraPair> pairs = new TreeMap<>();
    weights
        .pairs()
        .forEach(
            (path, pair) ->
                pairs.put(path, new LoraPair(pair.a(), pair.b(), lengths(path, pair, plain))));
    AdapterWeights same =
        new AdapterWeights(dora, pairs, weights.labels(), weights.headWeight(), weights.headBias());

    float[] withDora = logits(TrainableAdapter.from(base.config(), same), true);

    assertThat(withDora)
        .containsExactly(
            logits(TrainableAdapter.from(base.config(), weights), true), within(1e-4f));
  }

  @Test
  void magnitudesTakeGradientsAndNoDecay() {
    AdapterWeights weights =
        TestingAdapter.random(base.config(), lora(true, true, true, true, 0), 2, 5);
    TrainableAdapter adapter = TrainableAdapter.from(base.config(), weights);
    List<float[]> gradients = gradients(adapter);
    int magnitudes = 0;
    for (int p = 0; p < gradients.size(); p++) {
      Parameter parameter = adapter.parameters().get(p);
      if (parameter.name().endsWith("lora_magnitude_vector")) {
        magnitudes++;
        assertThat(parameter.decays()).isFalse();
        assertThat(parameter.head()).isFalse();
        float value = parameter.values()[3];
        parameter.values()[3] = value + 5e-3f;
        double above = loss(adapter);
        parameter.values()[3] = value - 5e-3f;
        double below = loss(adapter);
        parameter.values()[3] = value;
        double expected = (above - below) / 1e-2;
        assertThat((double) gradients.get(p)[3])
            .as(parameter.name())
            .isCloseTo(expected, within(2e-3 + 0.02 * Math.abs(expected)));
      }
    }
    assertThat(magnitudes).isEqualTo(6);
    assertThat(adapter.firstLayer()).isEqualTo(1);
  }

  private static LoraConfig lora(
      boolean rslora, boolean dora, boolean patterns, boolean layers, double dropout) {
    return new LoraConfig(
        3,
        2,
        dropout,
        ALL,
        rslora,
        dora,
        patterns ? Map.of("layer\\.1\\..*", 5, "layer\\.0\\..*value", 2) : Map.of(),
        patterns ? Map.of("query", 5.0) : Map.of(),
        layers ? Set.of(1) : Set.of());
  }

  /** ‖W + scaling · B · A‖ by row. */
  private static float[] lengths(String path, LoraPair pair, LoraConfig lora) {
    float[] weight = base.weight(path + ".weight").data();
    int rank = lora.rank(path);
    int in = pair.a().length / rank;
    float[] lengths = new float[pair.b().length / rank];
    for (int row = 0; row < lengths.length; row++) {
      double squares = 0;
      for (int column = 0; column < in; column++) {
        double value = weight[row * in + column];
        for (int k = 0; k < rank; k++) {
          value += lora.scaling(path) * pair.b()[row * rank + k] * pair.a()[k * in + column];
        }
        squares += value * value;
      }
      lengths[row] = (float) Math.sqrt(squares);
    }
    return lengths;
  }

  private static float[] logits(TrainableAdapter adapter, boolean training) {
    TorchRuntime.reseed(9);
    try (NDManager step = encoder.newStep();
        TorchRuntime.GradientMode off = TorchRuntime.gradients(false)) {
      return forward(step, adapter.bind(step, off.on()), training).toFloatArray();
    }
  }

  private static NDArray forward(NDManager step, BoundAdapter bound, boolean training) {
    TokenBatch batch = TokenBatch.of(step, tokens.toArray(int[][]::new), 0);
    return bound.logits(encoder.pooled(encoder.prefix(batch, 0), 0, batch, bound, training));
  }

  private static NDArray loss(NDManager step, BoundAdapter bound) {
    NDArray wanted = TorchRuntime.own(step, new float[] {-1, 0, 0, -1}, 2, 2);
    return forward(step, bound, false).logSoftmax(-1).mul(wanted).sum();
  }

  private static double loss(TrainableAdapter adapter) {
    try (NDManager step = encoder.newStep();
        TorchRuntime.GradientMode off = TorchRuntime.gradients(false)) {
      return loss(step, adapter.bind(step, off.on())).getFloat();
    }
  }

  /** In two passes, as a batch that goes through in parts; so each is half of the whole. */
  private static List<float[]> gradients(TrainableAdapter adapter) {
    try (NDManager step = encoder.newStep();
        TorchRuntime.GradientMode on = TorchRuntime.gradients(true)) {
      BoundAdapter bound = adapter.bind(step, on.on());
      TorchRuntime.backward(loss(step, bound));
      TorchRuntime.backward(loss(step, bound));
      List<float[]> twice = bound.gradients();
      twice.forEach(
          gradient -> {
            for (int i = 0; i < gradient.length; i++) {
              gradient[i] /= 2;
            }
          });
      return twice;
    }
  }
}
