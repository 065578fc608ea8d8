package dev.weir.testing;

import dev.weir.model.base.BaseModel;
import dev.weir.model.spec.LinearModule;
import dev.weir.model.spec.ModelConfig;
import dev.weir.model.spec.Tensor;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.model.weights.DenseLayer;
import dev.weir.model.weights.LoraConfig;
import dev.weir.model.weights.LoraPair;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/** Adapters with random numbers that fit a given base model. */
public final class TestingAdapter {
  private TestingAdapter() {}

  /** As trained: neither factor is zero, so the adapter moves every answer. */
  public static AdapterWeights random(ModelConfig config, LoraConfig lora, int labels, long seed) {
    return create(config, lora, labels, new Random(seed), 0.2);
  }

  /** As initialised for training: B is zero, so the encoder answers as the base does. */
  public static AdapterWeights zeroInitialised(
      ModelConfig config, LoraConfig lora, int labels, long seed) {
    return create(config, lora, labels, new Random(seed), 0);
  }

  /** As initialised for training, also with DoRA: its magnitudes are the base's own. */
  public static AdapterWeights zeroInitialised(
      BaseModel base, LoraConfig lora, int labels, long seed) {
    AdapterWeights zero = zeroInitialised(base.config(), lora, labels, seed);
    if (!lora.useDora()) {
      return zero;
    }
    Map<String, LoraPair> pairs = new TreeMap<>();
    zero.pairs()
        .forEach(
            (path, pair) ->
                pairs.put(
                    path,
                    new LoraPair(pair.a(), pair.b(), lengths(base.weight(path + ".weight")))));
    return new AdapterWeights(lora, pairs, zero.labels(), zero.headWeight(), zero.headBias());
  }

  private static float[] lengths(Tensor weight) {
    float[] lengths = new float[(int) weight.shape()[0]];
    int in = weight.data().length / lengths.length;
    for (int i = 0; i < weight.data().length; i++) {
      lengths[i / in] += weight.data()[i] * weight.data()[i];
    }
    for (int row = 0; row < lengths.length; row++) {
      lengths[row] = (float) Math.sqrt(lengths[row]);
    }
    return lengths;
  }

  private static AdapterWeights create(
      ModelConfig config, LoraConfig lora, int labels, Random random, double deviationOfB) {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < labels; i++) {
      names.add("label-" + i);
    }
    // The head first: adapters of one seed share it, whatever their LoRA is.
    float[] headWeight = normal(random, labels * config.hiddenSize(), 0.2);
    float[] headBias = normal(random, labels, 0.2);
    Map<String, LoraPair> pairs = new TreeMap<>();
    for (LinearModule module : lora.targets()) {
      for (int layer = 0; layer < config.layers(); layer++) {
        String path = module.path(layer);
        if (lora.covers(layer)) {
          int rank = lora.rank(path);
          float[] a = normal(random, rank * module.in(config), 0.2);
          float[] b = normal(random, module.out(config) * rank, deviationOfB);
          float[] magnitude = lora.useDora() ? normal(random, module.out(config), 0.3) : null;
          for (int i = 0; magnitude != null && i < magnitude.length; i++) {
            magnitude[i] += 1; // about the rows' lengths in the testing base
          }
          pairs.put(path, new LoraPair(a, b, magnitude));
        }
      }
    }
    DenseLayer dense =
        config.head().hasDense()
            ? new DenseLayer(
                normal(random, config.hiddenSize() * config.hiddenSize(), 0.2),
                normal(random, config.hiddenSize(), 0.2))
            : null;
    return new AdapterWeights(lora, pairs, names, dense, headWeight, headBias);
  }

  private static float[] normal(Random random, int size, double deviation) {
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) (random.nextGaussian() * deviation);
    }
    return values;
  }
}
