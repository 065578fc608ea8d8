package dev.weir.trainer.serving;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.model.spec.LinearModule;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.model.weights.LoraConfig;
import dev.weir.model.weights.LoraPair;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class EncodedCacheTest {

  private static final Set<LinearModule> QUERY = Set.of(LinearModule.QUERY);
  private static final String PATH = LinearModule.QUERY.path(0);

  @Test
  void vectorsDependOnMatricesMagnitudesPlacesAndScalings() {
    String plain = digest(lora(false, Map.of()), PATH, pair(1, null), 0);
    assertThat(
            List.of(
                plain,
                digest(lora(false, Map.of()), PATH, pair(2, null), 0),
                digest(lora(false, Map.of()), LinearModule.QUERY.path(1), pair(1, null), 0),
                digest(lora(true, Map.of()), PATH, pair(1, null), 0),
                digest(lora(false, Map.of("query", 3.0)), PATH, pair(1, null), 0),
                digest(lora(false, Map.of()), PATH, pair(1, new float[] {1}), 0),
                digest(lora(false, Map.of()), PATH, pair(1, new float[] {2}), 0)))
        .doesNotHaveDuplicates();
  }

  @Test
  void vectorsDependOnNothingElse() {
    String plain = digest(lora(false, Map.of()), PATH, pair(1, null), 0);
    assertThat(digest(lora(false, Map.of("value", 3.0)), PATH, pair(1, null), 0)).isEqualTo(plain);
    assertThat(digest(lora(false, Map.of()), PATH, pair(1, null), 7)).isEqualTo(plain);
  }

  private static String digest(LoraConfig lora, String path, LoraPair pair, float bias) {
    return EncodedCache.bodyDigest(
        new AdapterWeights(
            lora, Map.of(path, pair), List.of("a"), new float[2], new float[] {bias}));
  }

  private static LoraConfig lora(boolean rslora, Map<String, Double> alphas) {
    return new LoraConfig(2, 4, 0, QUERY, rslora, false, Map.of(), alphas, Set.of());
  }

  private static LoraPair pair(float b, float[] magnitude) {
    return new LoraPair(new float[] {1, 2}, new float[] {b, b}, magnitude);
  }
}
