package dev.weir.trainer.fit;

import dev.weir.model.spec.LinearModule;
import dev.weir.model.spec.ModelConfig;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.model.weights.LoraConfig;
import dev.weir.model.weights.LoraPair;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Whether a training can go on from the champion's LoRA, and from what exactly. */
final class WarmStart {

  private WarmStart() {}

  /**
   * The champion under today's settings, if each module that these adapt has LoRA of the same rank,
   * scaling and kind there, and no other module is changed: then it answers the same under both.
   * Dropout does not outlive a training and may differ. Pairs of zeros, which earlier versions
   * wrote for the layers below, are left out.
   */
  static @Nullable AdapterWeights of(
      AdapterWeights champion, LoraConfig wanted, ModelConfig config) {
    LoraConfig had = champion.lora();
    if (wanted.targets().isEmpty() || had.useDora() != wanted.useDora()) {
      return null;
    }
    Map<String, LoraPair> rest = new TreeMap<>(champion.pairs());
    Map<String, LoraPair> pairs = new TreeMap<>();
    for (int layer = 0; layer < config.layers(); layer++) {
      for (LinearModule module : wanted.targets()) {
        String path = module.path(layer);
        if (wanted.covers(layer)) {
          LoraPair pair = rest.remove(path);
          if (pair == null
              || had.rank(path) != wanted.rank(path)
              || had.scaling(path) != wanted.scaling(path)) {
            return null;
          }
          pairs.put(path, pair);
        }
      }
    }
    return rest.values().stream().allMatch(WarmStart::changesNothing)
        ? new AdapterWeights(
            wanted,
            pairs,
            champion.labels(),
            champion.dense(),
            champion.headWeight(),
            champion.headBias())
        : null;
  }

  private static boolean changesNothing(LoraPair pair) {
    if (pair.magnitude() != null) {
      return false;
    }
    for (float value : pair.b()) {
      if (value != 0) {
        return false;
      }
    }
    return true;
  }
}
