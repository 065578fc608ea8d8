package dev.weir.model.graph;

import dev.weir.model.base.BaseModel;
import dev.weir.model.spec.WeightNames;

/** Embedding tables as graphs want them. */
final class EmbeddingTables {
  private EmbeddingTables() {}

  /** Position embeddings plus that of token type 0, the only type that single texts have. */
  static float[] positionsWithTokenType(BaseModel base) {
    float[] positions = base.weight(WeightNames.POSITIONS).data();
    if (!base.config().tokenTypes()) {
      return positions;
    }
    float[] tokenTypes = base.weight(WeightNames.TOKEN_TYPES).data();
    float[] sum = positions.clone();
    for (int i = 0; i < sum.length; i++) {
      sum[i] += tokenTypes[i % base.config().hiddenSize()];
    }
    return sum;
  }
}
