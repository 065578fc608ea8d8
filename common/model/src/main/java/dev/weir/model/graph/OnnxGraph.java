package dev.weir.model.graph;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.CodedOutputStream;
import dev.weir.model.spec.ModelException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * An ONNX model under construction, whose large constants are computed one at a time while it is
 * written: the whole file never exists in memory.
 *
 * <p>Methods that add a node return the name of its output. Not thread-safe.
 */
public final class OnnxGraph {
  static final String MICROSOFT = "com.microsoft";
  private static final long OPSET = 17;
  private static final long IR_VERSION = 8;
  private static final int CHUNK_FLOATS = 1 << 14;

  private final GraphProto.Builder graph = GraphProto.newBuilder().setName("weir");
  private final ModelProto.Builder model =
      ModelProto.newBuilder().setIrVersion(IR_VERSION).setProducerName("weir");
  private final List<Constant> constants = new ArrayList<>();
  private boolean microsoft;

  /** A constant whose values are made when written. */
  @SuppressWarnings("ArrayRecordComponent") // lives inside this class
  private record Constant(TensorProto header, int bytes, Supplier<?> values) {
    int size() {
      return header.getSerializedSize()
          + CodedOutputStream.computeTagSize(TensorProto.RAW_DATA_FIELD_NUMBER)
          + CodedOutputStream.computeUInt32SizeNoTag(bytes)
          + bytes;
    }
  }

  /** A graph input; a dimension is a size or, as a string, a free name. */
  public void input(String name, TensorProto.DataType type, Object... shape) {
    graph.addInput(value(name, type, shape));
  }

  /** Declares an output; a dimension is a number or a name. */
  public void output(String name, TensorProto.DataType type, Object... shape) {
    graph.addOutput(value(name, type, shape));
  }

  /** A free string that tools show beside the model. */
  public void metadata(String key, String value) {
    model.addMetadataProps(StringStringEntryProto.newBuilder().setKey(key).setValue(value));
  }

  /**
   * Adds a constant of 32-bit floats and gives its name; the values are asked for when the graph is
   * written.
   */
  public String floats(String name, Supplier<float[]> values, int... shape) {
    return constant(name, TensorProto.DataType.FLOAT, Float.BYTES, values, shape);
  }

  String bytes(String name, TensorProto.DataType type, Supplier<byte[]> values, int... shape) {
    return constant(name, type, 1, values, shape);
  }

  /** A one-dimensional int64 constant, such as axes. */
  String longs(String name, long... values) {
    return constant(name, TensorProto.DataType.INT64, Long.BYTES, () -> values, values.length);
  }

  /** A scalar float constant. */
  String scalar(String name, float value) {
    return floats(name, () -> new float[] {value});
  }

  /** Adds a standard node; an empty input name leaves out an optional input. */
  public String node(
      String type, String output, List<String> inputs, AttributeProto... attributes) {
    add("", type, inputs, List.of(output), attributes);
    return output;
  }

  void nodes(String type, List<String> outputs, List<String> inputs) {
    add("", type, inputs, outputs);
  }

  /** Adds a node of ONNX Runtime's own operators. */
  String fused(String type, String output, List<String> inputs, AttributeProto... attributes) {
    fused(type, List.of(output), inputs, attributes);
    return output;
  }

  void fused(String type, List<String> outputs, List<String> inputs, AttributeProto... attributes) {
    microsoft = true;
    add(MICROSOFT, type, inputs, outputs, attributes);
  }

  static AttributeProto attribute(String name, long value) {
    return AttributeProto.newBuilder()
        .setName(name)
        .setType(AttributeProto.AttributeType.INT)
        .setI(value)
        .build();
  }

  static AttributeProto attribute(String name, float value) {
    return AttributeProto.newBuilder()
        .setName(name)
        .setType(AttributeProto.AttributeType.FLOAT)
        .setF(value)
        .build();
  }

  static AttributeProto attribute(String name, long... values) {
    AttributeProto.Builder builder =
        AttributeProto.newBuilder().setName(name).setType(AttributeProto.AttributeType.INTS);
    for (long value : values) {
      builder.addInts(value);
    }
    return builder.build();
  }

  /**
   * Writes the model. Fields of a protobuf message may come in any order, so the constants are
   * appended to the small rest of the graph message, each by its header and then its raw bytes.
   *
   * @throws ModelException {@code model-too-large} beyond protobuf's 2 GiB
   */
  public void write(OutputStream out) throws IOException {
    opset("", OPSET);
    if (microsoft) {
      opset(MICROSOFT, 1);
    }
    GraphProto small = graph.build();
    long graphSize = small.getSerializedSize();
    for (Constant constant : constants) {
      graphSize +=
          CodedOutputStream.computeTagSize(GraphProto.INITIALIZER_FIELD_NUMBER)
              + CodedOutputStream.computeUInt32SizeNoTag(constant.size())
              + (long) constant.size();
    }
    if (graphSize > Integer.MAX_VALUE - (1 << 20)) {
      throw new ModelException(
          "model-too-large",
          "The ONNX model would have %d bytes, its format holds 2 GiB; use a smaller base model."
              .formatted(graphSize));
    }
    CodedOutputStream coded = CodedOutputStream.newInstance(out, 1 << 16);
    model.build().writeTo(coded);
    coded.writeTag(ModelProto.GRAPH_FIELD_NUMBER, 2);
    coded.writeUInt32NoTag((int) graphSize);
    small.writeTo(coded);
    for (Constant constant : constants) {
      coded.writeTag(GraphProto.INITIALIZER_FIELD_NUMBER, 2);
      coded.writeUInt32NoTag(constant.size());
      constant.header.writeTo(coded);
      coded.writeTag(TensorProto.RAW_DATA_FIELD_NUMBER, 2);
      coded.writeUInt32NoTag(constant.bytes);
      writeRaw(coded, constant);
    }
    coded.flush();
  }

  private static void writeRaw(CodedOutputStream out, Constant constant) throws IOException {
    Object values = constant.values.get();
    if (values instanceof float[] floats && floats.length * Float.BYTES == constant.bytes) {
      byte[] chunk = new byte[CHUNK_FLOATS * Float.BYTES];
      ByteBuffer view = ByteBuffer.wrap(chunk).order(ByteOrder.LITTLE_ENDIAN);
      for (int at = 0; at < floats.length; at += CHUNK_FLOATS) {
        int count = Math.min(CHUNK_FLOATS, floats.length - at);
        view.asFloatBuffer().put(floats, at, count);
        out.writeRawBytes(chunk, 0, count * Float.BYTES);
      }
    } else if (values instanceof byte[] bytes && bytes.length == constant.bytes) {
      out.writeRawBytes(bytes);
    } else if (values instanceof long[] longs && longs.length * Long.BYTES == constant.bytes) {
      for (long value : longs) {
        out.writeFixed64NoTag(value);
      }
    } else {
      throw new IllegalStateException(
          "Constant " + constant.header.getName() + " does not have the size of its shape");
    }
  }

  private String constant(
      String name, TensorProto.DataType type, int width, Supplier<?> values, int... shape) {
    TensorProto.Builder header =
        TensorProto.newBuilder().setName(name).setDataType(type.getNumber());
    int size = width;
    for (int dimension : shape) {
      header.addDims(dimension);
      size = Math.multiplyExact(size, dimension);
    }
    constants.add(new Constant(header.build(), size, values));
    return name;
  }

  private void add(
      String domain,
      String type,
      List<String> inputs,
      List<String> outputs,
      AttributeProto... attributes) {
    graph.addNode(
        NodeProto.newBuilder()
            .setDomain(domain)
            .setOpType(type)
            .setName(outputs.get(0))
            .addAllInput(inputs)
            .addAllOutput(outputs)
            .addAllAttribute(List.of(attributes)));
  }

  private void opset(String domain, long version) {
    model.addOpsetImport(OperatorSetIdProto.newBuilder().setDomain(domain).setVersion(version));
  }

  private static ValueInfoProto value(String name, TensorProto.DataType type, Object... shape) {
    TensorShapeProto.Builder dimensions = TensorShapeProto.newBuilder();
    for (Object dimension : shape) {
      if (dimension instanceof Integer size) {
        dimensions.addDimBuilder().setDimValue(size);
      } else {
        dimensions.addDimBuilder().setDimParam(dimension.toString());
      }
    }
    return ValueInfoProto.newBuilder()
        .setName(name)
        .setType(
            TypeProto.newBuilder()
                .setTensorType(
                    TypeProto.Tensor.newBuilder()
                        .setElemType(type.getNumber())
                        .setShape(dimensions)))
        .build();
  }
}
