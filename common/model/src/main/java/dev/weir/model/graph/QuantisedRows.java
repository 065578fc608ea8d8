package dev.weir.model.graph;

import static ai.onnx.proto.OnnxMl.TensorProto.DataType.UINT8;
import static dev.weir.model.graph.OnnxGraph.attribute;

import ai.onnx.proto.OnnxMl.AttributeProto;
import java.util.List;

/**
 * Activations of a graph in unsigned 8 bits with one scale per row, which is per token of a text:
 * {@code x ≈ (bytes - 128) · largest / 127}. The scale of a row knows no other row; see {@code
 * docs/decisions/0038-int8-scales-per-token.md}.
 *
 * @param bytes name of the 8-bit values, 1 to 255
 * @param largest name of each row's largest magnitude, its last dimension 1
 */
public record QuantisedRows(String bytes, String largest) {

  /** Name of the constant 1 / 127. */
  static final String STEP = "rows.step";

  /** Name of the constant zero point, 128: the fast kernels want unsigned activations. */
  static final String ZERO = "rows.zero";

  private static final String SMALLEST = "rows.smallest";
  private static final int STEPS = 127;
  private static final byte ZERO_POINT = (byte) 128;

  /** Of a row of zeros: any number that can be divided by will do. */
  private static final float SMALLEST_MAGNITUDE = 1e-12f;

  /** The scales of weights, each divided by the steps of an activation. */
  public static float[] steps(float[] scales) {
    float[] divided = new float[scales.length];
    for (int i = 0; i < scales.length; i++) {
      divided[i] = scales[i] / STEPS;
    }
    return divided;
  }

  /**
   * Adds the nodes, which are standard ones.
   *
   * @param x name of the activations
   * @param first whether these are the graph's first, so that the constants are to be added
   */
  static QuantisedRows of(OnnxGraph graph, String x, boolean first) {
    if (first) {
      graph.scalar(SMALLEST, SMALLEST_MAGNITUDE);
      graph.scalar(STEP, 1f / STEPS);
      graph.bytes(ZERO, UINT8, () -> new byte[] {ZERO_POINT});
    }
    AttributeProto[] byRow = {attribute("axes", new long[] {-1}), attribute("keepdims", 1L)};
    String magnitudes = graph.node("Abs", x + ".magnitudes", List.of(x));
    String found = graph.node("ReduceMax", x + ".found", List.of(magnitudes), byRow);
    String largest = graph.node("Max", x + ".largest", List.of(found, SMALLEST));
    String scaled = graph.node("Div", x + ".scaled8", List.of(x, largest));
    String bytes = graph.node("QuantizeLinear", x + ".bytes", List.of(scaled, STEP, ZERO));
    return new QuantisedRows(bytes, largest);
  }
}
