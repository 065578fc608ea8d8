package dev.weir.model.graph;

import static ai.onnx.proto.OnnxMl.TensorProto.DataType.FLOAT;
import static ai.onnx.proto.OnnxMl.TensorProto.DataType.INT64;
import static ai.onnx.proto.OnnxMl.TensorProto.DataType.INT8;
import static dev.weir.model.graph.OnnxGraph.attribute;
import static dev.weir.model.spec.WeightNames.bias;
import static dev.weir.model.spec.WeightNames.weight;

import dev.weir.model.base.BaseModel;
import dev.weir.model.base.Int8Weight;
import dev.weir.model.spec.HeadKind;
import dev.weir.model.spec.LinearModule;
import dev.weir.model.spec.ModelConfig;
import dev.weir.model.spec.ModelException;
import dev.weir.model.spec.Pooling;
import dev.weir.model.spec.Precision;
import dev.weir.model.spec.WeightNames;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.model.weights.DenseLayer;
import dev.weir.model.weights.LoraPair;
import dev.weir.model.weights.Matrices;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The graph of a {@link dev.weir.model.session.MergedModel}: base plus adapter in standard ONNX
 * operators (opset 17), also for 8 bits, so that any runtime takes it and an optimising one fuses
 * it.
 */
public final class PortableGraph {
  /** Input: token ids, {@code [rows, tokens]}. */
  public static final String IDS = "input_ids";

  /** Input: 1 for a token and 0 for padding, {@code [rows, tokens]}. */
  public static final String MASK = "attention_mask";

  /** Output: {@code [rows, labels]}. */
  public static final String LOGITS = "logits";

  private final OnnxGraph graph = new OnnxGraph();
  private final BaseModel base;
  private final ModelConfig config;
  private final AdapterWeights adapter;
  private final Precision precision;
  private final Map<String, QuantisedRows> quantised = new HashMap<>();

  private PortableGraph(BaseModel base, AdapterWeights adapter, Precision precision) {
    this.base = base;
    this.config = base.config();
    this.adapter = adapter;
    this.precision = precision;
  }

  /** The graph of a base model with one adapter merged in. */
  public static OnnxGraph build(BaseModel base, AdapterWeights adapter, Precision precision) {
    if (precision == Precision.INT8_WEIGHT_ONLY) {
      throw new ModelException(
          "precision-not-portable",
          "Precision %s needs an operator of ONNX Runtime's own, a merged model has standard ones only; write it in fp32 or int8."
              .formatted(precision.id()));
    }
    PortableGraph builder = new PortableGraph(base, adapter, precision);
    builder.graph.input(IDS, INT64, "batch", "sequence");
    builder.graph.input(MASK, INT64, "batch", "sequence");
    builder.sharedConstants();
    String hidden = builder.embeddings();
    String mask = builder.attentionMask();
    for (int layer = 0; layer < builder.config.layers(); layer++) {
      hidden = builder.layer(layer, hidden, mask);
    }
    builder.head(hidden);
    return builder.graph;
  }

  private void sharedConstants() {
    int width = config.hiddenSize() / config.attentionHeads();
    graph.longs("zero", 0);
    graph.longs("one", 1);
    graph.longs("two", 2);
    graph.longs("mask.axes", 1, 2);
    graph.longs("heads.shape", 0, 0, config.attentionHeads(), width);
    graph.longs("hidden.shape", 0, 0, config.hiddenSize());
    graph.scalar("attention.scale", (float) (1 / Math.sqrt(width)));
    graph.scalar("half", 0.5f);
    graph.scalar("unit", 1f);
    graph.scalar("sqrt.half", (float) Math.sqrt(0.5));
    graph.scalar("lowest", -Float.MAX_VALUE);
  }

  private String embeddings() {
    int hidden = config.hiddenSize();
    graph.floats(
        WeightNames.WORDS, () -> base.weight(WeightNames.WORDS).data(), config.vocabSize(), hidden);
    graph.floats(
        WeightNames.POSITIONS,
        () -> EmbeddingTables.positionsWithTokenType(base),
        config.maxPositions(),
        hidden);
    String words =
        graph.node("Gather", "words", List.of(WeightNames.WORDS, IDS), attribute("axis", 0L));
    graph.node("Shape", "ids.shape", List.of(IDS));
    graph.node("Slice", "sequence.length", List.of("ids.shape", "one", "two"));
    String positions =
        graph.node(
            "Slice",
            "positions",
            List.of(WeightNames.POSITIONS, "zero", "sequence.length", "zero"));
    String sum = graph.node("Add", "embeddings.sum", List.of(words, positions));
    return normalise("embedded", sum, WeightNames.EMBEDDING_NORM);
  }

  /** 0 at tokens, the lowest float at padding, as {@code [batch, 1, 1, sequence]}. */
  private String attentionMask() {
    graph.node("Cast", "mask", List.of(MASK), attribute("to", (long) FLOAT.getNumber()));
    graph.node("Sub", "mask.inverted", List.of("unit", "mask"));
    graph.node("Mul", "mask.lowest", List.of("mask.inverted", "lowest"));
    return graph.node("Unsqueeze", "mask.scores", List.of("mask.lowest", "mask.axes"));
  }

  private String layer(int layer, String input, String mask) {
    String prefix = "layer." + layer;
    String attended = attention(layer, prefix + ".attention", input, mask);
    String projected = linear(layer, LinearModule.ATTENTION_OUTPUT, attended);
    String hidden =
        normalise(
            prefix + ".attended",
            graph.node("Add", prefix + ".attended.sum", List.of(projected, input)),
            WeightNames.attentionNorm(layer));
    String wide = linear(layer, LinearModule.INTERMEDIATE, hidden);
    String narrow = linear(layer, LinearModule.OUTPUT, gelu(prefix + ".gelu", wide));
    return normalise(
        prefix + ".output",
        graph.node("Add", prefix + ".output.sum", List.of(narrow, hidden)),
        WeightNames.outputNorm(layer));
  }

  private String attention(int layer, String prefix, String input, String mask) {
    String query = heads(prefix + ".q", linear(layer, LinearModule.QUERY, input), 0, 2, 1, 3);
    String key = heads(prefix + ".k", linear(layer, LinearModule.KEY, input), 0, 2, 3, 1);
    String value = heads(prefix + ".v", linear(layer, LinearModule.VALUE, input), 0, 2, 1, 3);
    String raw = graph.node("MatMul", prefix + ".raw", List.of(query, key));
    String scaled = graph.node("Mul", prefix + ".scaled", List.of(raw, "attention.scale"));
    String masked = graph.node("Add", prefix + ".masked", List.of(scaled, mask));
    String weights =
        graph.node("Softmax", prefix + ".weights", List.of(masked), attribute("axis", -1L));
    String context = graph.node("MatMul", prefix + ".context", List.of(weights, value));
    String joined =
        graph.node(
            "Transpose", prefix + ".joined", List.of(context), attribute("perm", 0, 2, 1, 3));
    return graph.node("Reshape", prefix + ".out", List.of(joined, "hidden.shape"));
  }

  private String heads(String name, String x, long... permutation) {
    String split = graph.node("Reshape", name + ".split", List.of(x, "heads.shape"));
    return graph.node("Transpose", name, List.of(split), attribute("perm", permutation));
  }

  /** The exact one, {@code x/2 · (1 + erf(x/√2))}. */
  private String gelu(String name, String x) {
    String scaled = graph.node("Mul", name + ".scaled", List.of(x, "sqrt.half"));
    String erf = graph.node("Erf", name + ".erf", List.of(scaled));
    String shifted = graph.node("Add", name + ".shifted", List.of(erf, "unit"));
    String product = graph.node("Mul", name + ".product", List.of(x, shifted));
    return graph.node("Mul", name, List.of(product, "half"));
  }

  private String normalise(String name, String x, String norm) {
    return graph.node(
        "LayerNormalization",
        name,
        List.of(x, vector(weight(norm)), vector(bias(norm))),
        attribute("axis", -1L),
        attribute("epsilon", (float) config.layerNormEps()));
  }

  private String linear(int layer, LinearModule module, String x) {
    String path = module.path(layer);
    int in = module.in(config);
    int out = module.out(config);
    String product = path + ".product";
    if (precision == Precision.INT8) {
      Int8Weight weights = Int8Weight.of(merged(path), out, in);
      graph.bytes(path + ".int8", INT8, weights::values, in, out);
      graph.floats(path + ".scale", () -> QuantisedRows.steps(weights.scales()), out);
      QuantisedRows rows = quantised.get(x);
      if (rows == null) {
        rows = QuantisedRows.of(graph, x, quantised.isEmpty());
        quantised.put(x, rows);
      }
      graph.node(
          "MatMulInteger",
          path + ".int",
          List.of(rows.bytes(), path + ".int8", QuantisedRows.ZERO));
      String sums =
          graph.node(
              "Cast",
              path + ".sums",
              List.of(path + ".int"),
              attribute("to", (long) FLOAT.getNumber()));
      String byChannel = graph.node("Mul", path + ".channels", List.of(sums, path + ".scale"));
      graph.node("Mul", product, List.of(byChannel, rows.largest()));
    } else {
      graph.floats(weight(path), () -> Matrices.transpose(merged(path), out, in), in, out);
      graph.node("MatMul", product, List.of(x, weight(path)));
    }
    return graph.node("Add", path, List.of(product, vector(bias(path))));
  }

  /** {@code [out, in]}. */
  private float[] merged(String path) {
    float[] weight = base.weight(weight(path)).data();
    LoraPair pair = adapter.pairs().get(path);
    return pair == null
        ? weight
        : Matrices.merge(weight, pair, adapter.lora().rank(path), adapter.lora().scaling(path));
  }

  private void head(String hidden) {
    int labels = adapter.labels().size();
    String vectors = dense(pooled(hidden));
    graph.floats("classifier.weight", adapter::headWeight, labels, config.hiddenSize());
    graph.floats("classifier.bias", adapter::headBias, labels);
    graph.node(
        "Gemm",
        LOGITS,
        List.of(vectors, "classifier.weight", "classifier.bias"),
        attribute("transB", 1L));
    graph.output(LOGITS, FLOAT, "batch", labels);
  }

  /** The adapter's dense layer, where the head has one. */
  private String dense(String vectors) {
    DenseLayer dense = adapter.dense();
    return dense == null ? vectors : activated("dense", vectors, dense.weight(), dense.bias());
  }

  private String activated(String name, String vectors, float[] weight, float[] bias) {
    int width = config.hiddenSize();
    graph.floats(weight(name), () -> weight, width, width);
    graph.floats(bias(name), () -> bias, width);
    String sum =
        graph.node(
            "Gemm",
            name + ".sum",
            List.of(vectors, weight(name), bias(name)),
            attribute("transB", 1L));
    return graph.node(config.head().activation(), name + ".activated", List.of(sum));
  }

  private String pooled(String hidden) {
    if (config.pooling() == Pooling.CLS) {
      String first = graph.node("Slice", "first", List.of(hidden, "zero", "one", "one"));
      String vectors = graph.node("Squeeze", "pooled", List.of(first, "one"));
      return config.head() != HeadKind.POOLER
          ? vectors
          : activated(
              WeightNames.POOLER,
              vectors,
              base.weight(weight(WeightNames.POOLER)).data(),
              base.weight(bias(WeightNames.POOLER)).data());
    }
    graph.node("Unsqueeze", "mask.tokens", List.of("mask", "two"));
    graph.node("Mul", "tokens", List.of(hidden, "mask.tokens"));
    graph.node("ReduceSum", "tokens.sum", List.of("tokens", "one"), attribute("keepdims", 0L));
    graph.node("ReduceSum", "tokens.count", List.of("mask", "one"), attribute("keepdims", 1L));
    return graph.node("Div", "pooled", List.of("tokens.sum", "tokens.count"));
  }

  private String vector(String name) {
    float[] values = base.weight(name).data();
    return graph.floats(name, () -> values, values.length);
  }
}
