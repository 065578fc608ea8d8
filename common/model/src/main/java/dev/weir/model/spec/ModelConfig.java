package dev.weir.model.spec;

/**
 * The shape of a base model, as its {@code config.json} states it.
 *
 * @param architecture the family that it belongs to
 * @param hiddenSize width of a token vector
 * @param layers number of transformer layers
 * @param attentionHeads heads per layer; divides {@code hiddenSize}
 * @param intermediateSize width inside the feed-forward part
 * @param vocabSize rows of the word embedding
 * @param maxPositions longest sequence in tokens; for RoBERTa without the rows that no token uses
 * @param layerNormEps epsilon of every layer normalisation
 * @param pooling how token vectors become a text vector
 * @param tokenTypes whether there are token type (segment) embeddings; texts always use type 0
 * @param padTokenId id that pads a batch
 * @param clsTokenId id that starts a text
 * @param sepTokenId id that ends a text
 * @param head what lies between text vector and logits; {@link HeadKind#LINEAR} unless pooling is
 *     {@link Pooling#CLS}
 */
public record ModelConfig(
    Architecture architecture,
    int hiddenSize,
    int layers,
    int attentionHeads,
    int intermediateSize,
    int vocabSize,
    int maxPositions,
    double layerNormEps,
    Pooling pooling,
    boolean tokenTypes,
    int padTokenId,
    int clsTokenId,
    int sepTokenId,
    HeadKind head) {
  public ModelConfig {
    positive("hidden_size", hiddenSize);
    positive("num_hidden_layers", layers);
    positive("num_attention_heads", attentionHeads);
    positive("intermediate_size", intermediateSize);
    positive("vocab_size", vocabSize);
    positive("max_position_embeddings", maxPositions);
    if (hiddenSize % attentionHeads != 0) {
      throw new ModelException(
          "invalid-model-config",
          "hidden_size %d is not a multiple of num_attention_heads %d; correct config.json."
              .formatted(hiddenSize, attentionHeads));
    }
    if (!(layerNormEps > 0 && layerNormEps < 1)) {
      throw new ModelException(
          "invalid-model-config",
          "layer_norm_eps %s is outside (0, 1); correct config.json.".formatted(layerNormEps));
    }
    if (head != HeadKind.LINEAR && pooling != Pooling.CLS) {
      throw new ModelException(
          "invalid-model-config",
          "A %s head reads the first token, pooling is %s; use a linear head."
              .formatted(head.id(), pooling.id()));
    }
    tokenId("pad", padTokenId, vocabSize);
    tokenId("cls", clsTokenId, vocabSize);
    tokenId("sep", sepTokenId, vocabSize);
  }

  private static void positive(String name, int value) {
    if (value < 1) {
      throw new ModelException(
          "invalid-model-config",
          name + " must be at least 1, is " + value + "; correct config.json.");
    }
  }

  private static void tokenId(String name, int id, int vocabSize) {
    if (id < 0 || id >= vocabSize) {
      throw new ModelException(
          "invalid-model-config",
          "Token id %d of [%s] is outside the vocabulary of %d; use the tokenizer.json that belongs to this model."
              .formatted(id, name.toUpperCase(java.util.Locale.ROOT), vocabSize));
    }
  }
}
