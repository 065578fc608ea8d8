package dev.weir.model.graph;

import static ai.onnx.proto.OnnxMl.TensorProto.DataType.FLOAT;
import static ai.onnx.proto.OnnxMl.TensorProto.DataType.INT32;
import static ai.onnx.proto.OnnxMl.TensorProto.DataType.INT8;
import static ai.onnx.proto.OnnxMl.TensorProto.DataType.UINT8;
import static dev.weir.model.graph.OnnxGraph.attribute;
import static dev.weir.model.spec.WeightNames.bias;
import static dev.weir.model.spec.WeightNames.weight;

import ai.onnx.proto.OnnxMl.AttributeProto;
import dev.weir.model.base.BaseModel;
import dev.weir.model.base.BlockwiseInt8Weight;
import dev.weir.model.base.Int8Weight;
import dev.weir.model.spec.HeadKind;
import dev.weir.model.spec.LinearModule;
import dev.weir.model.spec.ModelConfig;
import dev.weir.model.spec.Pooling;
import dev.weir.model.spec.Precision;
import dev.weir.model.spec.WeightNames;
import dev.weir.model.weights.Matrices;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * The graph of a {@link dev.weir.model.session.SlotEncoder}: the base with ONNX Runtime's fused
 * operators, and per adapted linear layer {@code y = x·W + (x·A[slot])·B[slot]}, where A and B are
 * inputs that hold every slot; with DoRA, {@code y · scale[slot]}.
 *
 * <p>Padding is told by length: attention masks the keys behind a text's end, all else is per
 * token. With {@link Pooling#CLS} only the first token leaves the last layer, so that layer's
 * query, output and feed-forward parts are computed for it alone. Heads, a base's pooler among
 * them, are 32-bit floats in every precision.
 */
public final class SlotGraph {
  /** Input: token ids, {@code [rows, tokens]}. */
  public static final String IDS = "input_ids";

  /** Input: how many tokens of a row are its own, {@code [rows]}. */
  public static final String LENGTHS = "lengths";

  /** Input: the slot of each row, {@code [rows]}. */
  public static final String SLOTS = "slots";

  /** Input of models that pool by the mean: each token's share of it, {@code [rows, 1, tokens]}. */
  public static final String POOL = "pool";

  /** Input: the heads of all slots. */
  public static final String HEAD_WEIGHT = "head.weight";

  /** Input: the heads' biases of all slots. */
  public static final String HEAD_BIAS = "head.bias";

  /** Input: the dense layers of all slots. */
  public static final String DENSE_WEIGHT = "dense.weight";

  /** Input: the dense layers' biases of all slots. */
  public static final String DENSE_BIAS = "dense.bias";

  /** Output: {@code [rows, labels]}. */
  public static final String LOGITS = "logits";

  /** Output: pooled vectors, {@code [rows, hidden]}. */
  public static final String POOLED = "pooled";

  /** {@code MatMulNBits}: activations stay 32-bit floats. */
  private static final long FLOAT_ACTIVATIONS = 1;

  private final OnnxGraph graph = new OnnxGraph();
  private final BaseModel base;
  private final ModelConfig config;
  private final SlotLayout layout;
  private final Precision precision;
  private final Object slots;
  private final AttributeProto epsilon;
  private final Map<String, QuantisedRows> quantised = new HashMap<>();

  private SlotGraph(BaseModel base, SlotLayout layout, Precision precision, boolean anySlots) {
    this.base = base;
    this.config = base.config();
    this.layout = layout;
    this.precision = precision;
    this.slots = anySlots ? "slots" : layout.slots();
    this.epsilon = attribute("epsilon", (float) config.layerNormEps());
  }

  /**
   * The graph.
   *
   * @param anySlots whether the tables of a run may hold any number of slots, or all of the layout
   */
  public static OnnxGraph build(
      BaseModel base, SlotLayout layout, Precision precision, boolean anySlots) {
    SlotGraph builder = new SlotGraph(base, layout, precision, anySlots);
    String hidden = builder.embeddings();
    for (int layer = 0; layer < builder.config.layers(); layer++) {
      hidden = builder.layer(layer, hidden);
    }
    builder.head(hidden);
    return builder.graph;
  }

  /** Name of the table input of A, {@code [slots, in, rank]}. */
  public static String tableA(String path) {
    return path + ".A";
  }

  /** Name of the table input of B, {@code [slots, rank, out]}, scaling included. */
  public static String tableB(String path) {
    return path + ".B";
  }

  /** Name of the table input of DoRA's factors, {@code [slots, 1, out]}, 1 where there are none. */
  public static String tableScale(String path) {
    return path + ".dora";
  }

  private String embeddings() {
    graph.input(IDS, INT32, "batch", "sequence");
    graph.input(LENGTHS, INT32, "batch");
    graph.input(SLOTS, INT32, "batch");
    int hidden = config.hiddenSize();
    graph.floats(WeightNames.WORDS, data(WeightNames.WORDS), config.vocabSize(), hidden);
    graph.floats(
        WeightNames.POSITIONS,
        () -> EmbeddingTables.positionsWithTokenType(base),
        config.maxPositions(),
        hidden);
    vector(weight(WeightNames.EMBEDDING_NORM));
    vector(bias(WeightNames.EMBEDDING_NORM));
    graph.fused(
        "EmbedLayerNormalization",
        List.of("embedded", "embedded.mask"),
        List.of(
            IDS,
            "",
            WeightNames.WORDS,
            WeightNames.POSITIONS,
            "",
            weight(WeightNames.EMBEDDING_NORM),
            bias(WeightNames.EMBEDDING_NORM)),
        epsilon);
    return "embedded";
  }

  private String layer(int layer, String input) {
    String prefix = "layer." + layer;
    boolean firstTokenOnly = layer == config.layers() - 1 && config.pooling() == Pooling.CLS;
    String residual = firstTokenOnly ? firstToken(input) : input;
    String attended =
        graph.fused(
            "MultiHeadAttention",
            prefix + ".attention",
            List.of(
                linear(layer, LinearModule.QUERY, residual),
                linear(layer, LinearModule.KEY, input),
                linear(layer, LinearModule.VALUE, input),
                attentionBias(layer),
                LENGTHS),
            attribute("num_heads", (long) config.attentionHeads()));
    String hidden =
        addAndNormalise(
            prefix + ".attended",
            linear(layer, LinearModule.ATTENTION_OUTPUT, attended),
            residual,
            WeightNames.attentionNorm(layer),
            bias(LinearModule.ATTENTION_OUTPUT.path(layer)));
    String activated =
        graph.fused(
            "BiasGelu",
            prefix + ".activated",
            List.of(
                linear(layer, LinearModule.INTERMEDIATE, hidden),
                vector(bias(LinearModule.INTERMEDIATE.path(layer)))));
    return addAndNormalise(
        prefix + ".output",
        linear(layer, LinearModule.OUTPUT, activated),
        hidden,
        WeightNames.outputNorm(layer),
        bias(LinearModule.OUTPUT.path(layer)));
  }

  private String firstToken(String hidden) {
    // The runtime multiplies a single row by another kernel, whose sums come in another order: a
    // text alone would differ in its last bits from the same text in a batch. Two rows do not.
    long[] positions = precision == Precision.INT8_WEIGHT_ONLY ? new long[] {0, 0} : new long[] {0};
    return gather(hidden, "cls", positions);
  }

  private String gather(String hidden, String name, long... positions) {
    return graph.node(
        "Gather",
        hidden + "." + name,
        List.of(hidden, graph.longs(name + ".position", positions)),
        attribute("axis", 1L));
  }

  private String attentionBias(int layer) {
    int hidden = config.hiddenSize();
    return graph.floats(
        "layer." + layer + ".attention.bias",
        () -> {
          float[] all = new float[3 * hidden];
          LinearModule[] parts = {LinearModule.QUERY, LinearModule.KEY, LinearModule.VALUE};
          for (int i = 0; i < parts.length; i++) {
            float[] part = base.weight(bias(parts[i].path(layer))).data();
            System.arraycopy(part, 0, all, i * hidden, hidden);
          }
          return all;
        },
        3 * hidden);
  }

  /** {@code LayerNorm(x + bias + residual)}. */
  private String addAndNormalise(
      String name, String x, String residual, String norm, String biasName) {
    return graph.fused(
        "SkipLayerNormalization",
        name,
        List.of(x, residual, vector(weight(norm)), vector(bias(norm)), vector(biasName)),
        epsilon);
  }

  /** The layer's product without bias, which the fused operator behind it adds. */
  private String linear(int layer, LinearModule module, String x) {
    String path = module.path(layer);
    int in = module.in(config);
    int out = module.out(config);
    float[] stored = base.weight(weight(path)).data();
    String product =
        switch (precision) {
          case FP32 -> {
            graph.floats(weight(path), () -> Matrices.transpose(stored, out, in), in, out);
            yield graph.node("MatMul", path + ".base", List.of(x, weight(path)));
          }
          case INT8 -> int8(path, x, stored, in, out);
          case INT8_WEIGHT_ONLY -> int8WeightOnly(path, x, stored, in, out);
        };
    return layout.targets().contains(module) ? addLora(path, x, product, in, out) : product;
  }

  /**
   * Activations in 8 bits with a scale of their own per token, so that no text changes another's
   * answer: {@code q = round(x / largest · 127) + 128}, multiplied exactly as integers.
   */
  private String int8(String path, String x, float[] stored, int in, int out) {
    Int8Weight quantised = Int8Weight.of(stored, out, in);
    graph.bytes(path + ".int8", INT8, quantised::values, in, out);
    graph.floats(path + ".scale", quantised::scales, out);
    QuantisedRows rows = quantisedRows(x);
    String product =
        graph.fused(
            "MatMulIntegerToFloat",
            path + ".product",
            List.of(
                rows.bytes(),
                path + ".int8",
                QuantisedRows.STEP,
                path + ".scale",
                QuantisedRows.ZERO));
    return graph.node("Mul", path + ".base", List.of(product, rows.largest()));
  }

  /** Once for all layers that read the same activations. */
  private QuantisedRows quantisedRows(String x) {
    QuantisedRows known = quantised.get(x);
    if (known == null) {
      known = QuantisedRows.of(graph, x, quantised.isEmpty());
      quantised.put(x, known);
    }
    return known;
  }

  private String int8WeightOnly(String path, String x, float[] stored, int in, int out) {
    BlockwiseInt8Weight quantised = BlockwiseInt8Weight.of(stored, out, in);
    int blocks = BlockwiseInt8Weight.blocks(in);
    graph.bytes(path + ".uint8", UINT8, quantised::values, out, blocks, quantised.block());
    graph.floats(path + ".scale", quantised::scales, out * blocks);
    return graph.fused(
        "MatMulNBits",
        path + ".base",
        List.of(x, path + ".uint8", path + ".scale"),
        attribute("K", (long) in),
        attribute("N", (long) out),
        attribute("bits", 8L),
        attribute("block_size", (long) quantised.block()),
        attribute("accuracy_level", FLOAT_ACTIVATIONS));
  }

  private String addLora(String path, String x, String product, int in, int out) {
    String narrow = product(path + ".narrow", x, gathered(tableA(path), in, layout.rank()));
    String delta = product(path + ".delta", narrow, gathered(tableB(path), layout.rank(), out));
    String adapted = graph.node("Add", path + ".adapted", List.of(product, delta));
    return layout.dora()
        ? graph.node("Mul", path + ".scaled", List.of(adapted, gathered(tableScale(path), 1, out)))
        : adapted;
  }

  private String product(String name, String left, String right) {
    return graph.node("MatMul", name, List.of(left, right));
  }

  /** Each row's own matrix out of a table of all slots. */
  private String gathered(String table, int rows, int columns) {
    graph.input(table, FLOAT, slots, rows, columns);
    return graph.node("Gather", table + ".gathered", List.of(table, SLOTS), attribute("axis", 0L));
  }

  private void head(String hidden) {
    String vectors = hidden; // only [CLS] left the last layer when it is what is pooled
    if (config.pooling() == Pooling.MEAN) {
      graph.input(POOL, FLOAT, "batch", 1, "sequence");
      vectors = product("pooled.mean", POOL, hidden);
    } else if (precision == Precision.INT8_WEIGHT_ONLY) {
      vectors = gather(hidden, "pooled", 0);
    }
    if (config.head() == HeadKind.POOLER) {
      vectors = pooler(vectors);
    }
    String read = config.head().hasDense() ? dense(vectors) : vectors;
    String heads = gathered(HEAD_WEIGHT, config.hiddenSize(), layout.labels());
    String scores = product("head.product", read, heads);
    String biases = gathered(HEAD_BIAS, 1, layout.labels());
    String biased = graph.node("Add", "head.sum", List.of(scores, biases));
    String axis = graph.longs("head.axis", 1);
    graph.node("Squeeze", LOGITS, List.of(biased, axis));
    graph.node("Squeeze", POOLED, List.of(vectors, axis));
    graph.output(LOGITS, FLOAT, "batch", layout.labels());
    graph.output(POOLED, FLOAT, "batch", config.hiddenSize());
  }

  private String pooler(String vectors) {
    int hidden = config.hiddenSize();
    String name = weight(WeightNames.POOLER);
    float[] stored = base.weight(name).data();
    graph.floats(name, () -> Matrices.transpose(stored, hidden, hidden), hidden, hidden);
    String raw = product("pooler.product", vectors, name);
    String sum = graph.node("Add", "pooler.sum", List.of(raw, vector(bias(WeightNames.POOLER))));
    return graph.node(config.head().activation(), "pooler.activated", List.of(sum));
  }

  /** Each row's own dense layer. */
  private String dense(String vectors) {
    int hidden = config.hiddenSize();
    String raw = product("dense.product", vectors, gathered(DENSE_WEIGHT, hidden, hidden));
    String sum = graph.node("Add", "dense.sum", List.of(raw, gathered(DENSE_BIAS, 1, hidden)));
    return graph.node(config.head().activation(), "dense.activated", List.of(sum));
  }

  private String vector(String name) {
    return graph.floats(name, data(name), base.weight(name).data().length);
  }

  private Supplier<float[]> data(String name) {
    return () -> base.weight(name).data();
  }
}
