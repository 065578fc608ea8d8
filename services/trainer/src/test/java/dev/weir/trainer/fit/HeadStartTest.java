package dev.weir.trainer.fit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.weir.model.base.BaseModel;
import dev.weir.model.spec.Architecture;
import dev.weir.model.spec.HeadKind;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.model.weights.DenseLayer;
import dev.weir.model.weights.LoraConfig;
import dev.weir.testing.TestingBaseModel;
import dev.weir.trainer.data.LabeledText;
import dev.weir.trainer.loop.TestingData;
import dev.weir.trainer.serving.ServingEncoder;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class HeadStartTest {

  private static final LinearProbe.Strength STRENGTH = new LinearProbe.Strength(0.1, 1);

  @ParameterizedTest
  @EnumSource(Architecture.class)
  void servedHeadAnswersAsTheProbe(Architecture architecture, @TempDir Path directory) {
    TestingBaseModel.write(directory, 7, architecture);
    try (BaseModel base = BaseModel.load(directory.toString());
        ServingEncoder serving = new ServingEncoder(base, 1)) {
      List<LabeledText> texts = TestingData.texts(120, 1);
      EncodedExamples examples =
          EncodedExamples.of(
              texts, TestingData.LABELS, base.tokenizer(), TrainingOptions.defaults().limit());
      AdapterWeights bare = AdapterWeights.untrained(base.config(), TestingData.LABELS);
      float[][] vectors = serving.vectors(bare, examples.tokens());
      LinearProbe.Head probe = LinearProbe.fit(vectors, examples.labels(), 2, 1L);

      HeadStart head = HeadStart.of(base.config().head(), probe, vectors);

      AdapterWeights weights =
          new AdapterWeights(
              LoraConfig.NONE,
              Map.of(),
              TestingData.LABELS,
              head.dense(),
              head.weight(),
              head.bias());
      float[][] logits = serving.logits(weights, examples.tokens());
      for (int row = 0; row < vectors.length; row++) {
        for (int label = 0; label < 2; label++) {
          assertThat((double) logits[row][label])
              .isCloseTo(probed(probe, vectors[row], label), within(1e-4));
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = HeadKind.class,
      names = {"DENSE_RELU", "DENSE_TANH"})
  void vectorsOfTheUsualWidthWithOutliersAreNoTrouble(HeadKind kind) {
    Random random = new Random(3);
    int width = 768;
    float[][] vectors = new float[200][width];
    for (float[] vector : vectors) {
      for (int j = 0; j < width; j++) {
        double scale = j == 5 ? 3 : 0.4; // one feature is far out, as in BERT's last layer
        vector[j] = (float) (random.nextGaussian() * scale + (j == 5 ? -12 : 0));
      }
    }
    float[] weight = new float[2 * width];
    for (int i = 0; i < weight.length; i++) {
      weight[i] = (float) (random.nextGaussian() * 0.1);
    }
    LinearProbe.Head probe = new LinearProbe.Head(weight, new float[] {0.3f, -0.3f}, STRENGTH);

    HeadStart head = HeadStart.of(kind, probe, vectors);

    for (float[] vector : vectors) {
      for (int label = 0; label < 2; label++) {
        assertThat((double) answered(kind, head, vector, label))
            .isCloseTo(probed(probe, vector, label), within(1e-4));
      }
    }
  }

  @Test
  void headsWithoutADenseLayerAreTheProbe() {
    LinearProbe.Head probe = new LinearProbe.Head(new float[] {1, 2}, new float[] {3}, STRENGTH);
    HeadStart head = HeadStart.of(HeadKind.POOLER, probe, new float[][] {{1, 1}});
    assertThat(head.dense()).isNull();
    assertThat(head.weight()).containsExactly(1, 2);
  }

  /** In 32-bit floats, as serving computes. */
  private static float answered(HeadKind kind, HeadStart head, float[] vector, int label) {
    DenseLayer dense = head.dense();
    float logit = head.bias()[label];
    for (int j = 0; j < vector.length; j++) {
      float sum = dense.bias()[j];
      for (int k = 0; k < vector.length; k++) {
        sum += dense.weight()[j * vector.length + k] * vector[k];
      }
      float read = kind == HeadKind.DENSE_RELU ? Math.max(0, sum) : (float) Math.tanh(sum);
      logit += head.weight()[label * vector.length + j] * read;
    }
    return logit;
  }

  private static double probed(LinearProbe.Head probe, float[] vector, int label) {
    double logit = probe.bias()[label];
    for (int j = 0; j < vector.length; j++) {
      logit += (double) probe.weight()[label * vector.length + j] * vector[j];
    }
    return logit;
  }
}
