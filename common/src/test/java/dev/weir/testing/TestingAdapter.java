package dev.weir.testing;

import dev.weir.common.adapter.AdapterWeights;
import dev.weir.common.adapter.DenseLayer;
import dev.weir.common.adapter.LoraConfig;
import dev.weir.common.adapter.LoraPair;
import dev.weir.common.model.LinearModule;
import dev.weir.common.model.ModelConfig;
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
        pairs.put(
            module.path(layer),
            new LoraPair(
                normal(random, lora.rank() * module.in(config), 0.2),
                normal(random, module.out(config) * lora.rank(), deviationOfB)));
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
