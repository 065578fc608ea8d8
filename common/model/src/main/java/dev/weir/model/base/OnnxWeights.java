package dev.weir.model.base;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.UnsafeByteOperations;
import dev.weir.model.spec.ModelException;
import dev.weir.model.spec.Tensor;
import dev.weir.model.weights.Matrices;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The weights of an encoder that was exported from PyTorch to ONNX, under their original names.
 *
 * <p>The exporter keeps the names of embeddings, biases and norms. The weight of a linear layer
 * becomes an anonymous {@code [in, out]} operand of a {@code MatMul}; the {@code Add} behind it
 * names the layer by its bias, so {@code x.bias} tells that the operand is {@code x.weight},
 * transposed.
 */
record OnnxWeights(Map<String, Tensor> tensors) {
  static OnnxWeights parse(byte[] onnx, String source) {
    try {
      // Wrapped, so that the parsed tensors are views of the array and not a second copy.
      CodedInputStream in = UnsafeByteOperations.unsafeWrap(onnx).newCodedInput();
      in.setSizeLimit(Integer.MAX_VALUE);
      in.enableAliasing(true);
      return new OnnxWeights(extract(ModelProto.parseFrom(in).getGraph()));
    } catch (IOException | IllegalArgumentException e) {
      throw new ModelException(
          "corrupt-onnx", source + " is not a readable ONNX model: " + e + "; fetch it again.", e);
    }
  }

  private static Map<String, Tensor> extract(GraphProto graph) {
    Map<String, TensorProto> initializers = new LinkedHashMap<>();
    for (TensorProto tensor : graph.getInitializerList()) {
      if (tensor.getDataType() == TensorProto.DataType.FLOAT_VALUE) {
        initializers.put(tensor.getName(), tensor);
      }
    }
    Map<String, String> operandOf = new HashMap<>();
    for (NodeProto node : graph.getNodeList()) {
      if (node.getOpType().equals("MatMul") && initializers.containsKey(node.getInput(1))) {
        operandOf.put(node.getOutput(0), node.getInput(1));
      }
    }
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (TensorProto tensor : initializers.values()) {
      if (!operandOf.containsValue(tensor.getName())) {
        tensors.put(tensor.getName(), tensor(tensor));
      }
    }
    for (NodeProto node : graph.getNodeList()) {
      if (node.getOpType().equals("Add")) {
        nameOperand(node, initializers, operandOf, tensors);
      }
    }
    return tensors;
  }

  private static void nameOperand(
      NodeProto add,
      Map<String, TensorProto> initializers,
      Map<String, String> operandOf,
      Map<String, Tensor> tensors) {
    List<String> inputs = add.getInputList();
    for (int i = 0; i < 2; i++) {
      String bias = inputs.get(i);
      String operand = operandOf.get(inputs.get(1 - i));
      TensorProto weight = operand == null ? null : initializers.get(operand);
      if (weight != null && initializers.containsKey(bias) && bias.endsWith(".bias")) {
        String name = bias.substring(0, bias.length() - ".bias".length()) + ".weight";
        tensors.put(name, transposed(weight));
      }
    }
  }

  private static Tensor tensor(TensorProto proto) {
    long[] shape = proto.getDimsList().stream().mapToLong(Long::longValue).toArray();
    FloatBuffer raw =
        proto.getRawData().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
    float[] data = new float[proto.hasRawData() ? raw.remaining() : proto.getFloatDataCount()];
    if (proto.hasRawData()) {
      raw.get(data);
    } else {
      for (int i = 0; i < data.length; i++) {
        data[i] = proto.getFloatData(i);
      }
    }
    return new Tensor(shape, data);
  }

  private static Tensor transposed(TensorProto proto) {
    Tensor stored = tensor(proto);
    int rows = (int) stored.shape()[0];
    int columns = (int) stored.shape()[1];
    return new Tensor(new long[] {columns, rows}, Matrices.transpose(stored.data(), rows, columns));
  }
}
