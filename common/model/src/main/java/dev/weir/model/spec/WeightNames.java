package dev.weir.model.spec;

import java.util.LinkedHashMap;
import java.util.Map;

/** The weights that an encoder consists of, by canonical (BERT's) name, with their shapes. */
public final class WeightNames {
  /** The embeddings of the tokens. */
  public static final String WORDS = "embeddings.word_embeddings.weight";

  /** The embeddings of the positions. */
  public static final String POSITIONS = "embeddings.position_embeddings.weight";

  /** The embeddings of the token types. */
  public static final String TOKEN_TYPES = "embeddings.token_type_embeddings.weight";

  /** The dense layer on the first token. */
  public static final String POOLER = "pooler.dense";

  /** The embeddings' layer norm. */
  public static final String EMBEDDING_NORM = "embeddings.LayerNorm";

  private WeightNames() {}

  /** Every weight needed; a token type table has any number of rows, shown as -1. */
  public static Map<String, long[]> shapes(ModelConfig config) {
    long hidden = config.hiddenSize();
    Map<String, long[]> shapes = new LinkedHashMap<>();
    shapes.put(WORDS, new long[] {config.vocabSize(), hidden});
    shapes.put(POSITIONS, new long[] {config.maxPositions(), hidden});
    if (config.tokenTypes()) {
      shapes.put(TOKEN_TYPES, new long[] {-1, hidden});
    }
    norm(shapes, EMBEDDING_NORM, hidden);
    for (int layer = 0; layer < config.layers(); layer++) {
      for (LinearModule module : LinearModule.values()) {
        shapes.put(weight(module.path(layer)), new long[] {module.out(config), module.in(config)});
        shapes.put(bias(module.path(layer)), new long[] {module.out(config)});
      }
      norm(shapes, attentionNorm(layer), hidden);
      norm(shapes, outputNorm(layer), hidden);
    }
    if (config.head() == HeadKind.POOLER) {
      shapes.put(weight(POOLER), new long[] {hidden, hidden});
      shapes.put(bias(POOLER), new long[] {hidden});
    }
    return shapes;
  }

  /** The layer norm after the attention of a layer. */
  public static String attentionNorm(int layer) {
    return "encoder.layer." + layer + ".attention.output.LayerNorm";
  }

  /** The layer norm at the end of a layer. */
  public static String outputNorm(int layer) {
    return "encoder.layer." + layer + ".output.LayerNorm";
  }

  /** The weight of the module at that path. */
  public static String weight(String path) {
    return path + ".weight";
  }

  /** The bias of the module at that path. */
  public static String bias(String path) {
    return path + ".bias";
  }

  private static void norm(Map<String, long[]> shapes, String path, long hidden) {
    shapes.put(weight(path), new long[] {hidden});
    shapes.put(bias(path), new long[] {hidden});
  }
}
