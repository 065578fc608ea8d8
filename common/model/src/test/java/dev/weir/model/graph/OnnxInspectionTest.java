package dev.weir.model.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import dev.weir.model.base.BaseModel;
import dev.weir.model.session.MergedEncoder;
import dev.weir.model.session.MergedModel;
import dev.weir.model.spec.ModelException;
import dev.weir.model.spec.Precision;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.testing.TestingBaseModel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a merged model may be, whoever wrote it. */
class OnnxInspectionTest {

  @TempDir Path directory;

  @ParameterizedTest
  @EnumSource(names = {"FP32", "INT8"})
  void whatWeWriteOurselvesIsAllowed(Precision precision) throws Exception {
    Path file = merged(precision);
    assertThatCode(() -> OnnxInspection.check(file)).doesNotThrowAnyException();
  }

  private Path merged(Precision precision) {
    Path file = directory.resolve("model.onnx");
    try (BaseModel base =
        BaseModel.load(TestingBaseModel.write(directory.resolve("base"), 1).toString())) {
      AdapterWeights head =
          AdapterWeights.headOnly(
              List.of("a", "b"), new float[2 * base.config().hiddenSize()], new float[2]);
      MergedModel.write(base, head, precision, file);
    }
    return file;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Loop",
        "If",
        "Scan",
        "ConstantOfShape",
        "Expand",
        "Tile",
        "Range",
        "RandomNormal",
        "PyOp",
        "SequenceMap",
        "Constant",
        "ATen",
        "StringConcat",
        "matmul",
        ""
      })
  void otherOperatorsAreRefusedBeforeTheRuntimeSeesThem(String operator) throws Exception {
    Path file = write(model(node(operator)));
    assertRefused(file, "operator-not-allowed");
    assertThatThrownBy(() -> MergedEncoder.open(file, 1, 0))
        .isInstanceOfSatisfying(
            ModelException.class, e -> assertThat(e.reason()).isEqualTo("operator-not-allowed"));
  }

  @Test
  void otherDomainsAreRefused() throws Exception {
    assertRefused(
        write(model(node("Add").toBuilder().setDomain("com.microsoft").build())),
        "operator-not-allowed");
    assertRefused(
        write(
            ModelProto.newBuilder()
                .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("evil"))
                .setGraph(GraphProto.newBuilder().addNode(node("Add")))
                .build()),
        "operator-not-allowed");
  }

  @Test
  void weightsInOtherFilesAreRefused() throws Exception {
    TensorProto external =
        TensorProto.newBuilder()
            .setName("w")
            .setDataLocation(TensorProto.DataLocation.EXTERNAL)
            .addExternalData(
                StringStringEntryProto.newBuilder()
                    .setKey("location")
                    .setValue("../../../../etc/passwd"))
            .build();
    assertRefused(
        write(model(GraphProto.newBuilder().addInitializer(external).build())), "external-data");
    assertRefused(
        write(
            model(
                GraphProto.newBuilder()
                    .addInitializer(external.toBuilder().clearExternalData())
                    .build())),
        "external-data");
    assertRefused(
        write(
            model(
                GraphProto.newBuilder()
                    .addInitializer(external.toBuilder().clearDataLocation())
                    .build())),
        "external-data");
    assertRefused(
        write(
            model(
                GraphProto.newBuilder()
                    .addNode(
                        node("Add").toBuilder()
                            .addAttribute(
                                AttributeProto.newBuilder().setName("value").setT(external)))
                    .build())),
        "external-data");
  }

  @Test
  void graphsInsideOperatorsAreRefused() throws Exception {
    GraphProto inner = GraphProto.newBuilder().addNode(node("Loop")).build();
    AttributeProto.Builder one = AttributeProto.newBuilder().setName("body").setG(inner);
    AttributeProto.Builder many = AttributeProto.newBuilder().setName("body").addGraphs(inner);
    for (AttributeProto.Builder attribute : List.of(one, many)) {
      assertRefused(
          write(
              model(
                  GraphProto.newBuilder()
                      .addNode(node("Add").toBuilder().addAttribute(attribute))
                      .build())),
          "invalid-graph");
    }
  }

  /** Parsers merge a message that comes twice: each part has to be looked at. */
  @Test
  void aSecondGraphInTheSameFileIsLookedAtToo() throws Exception {
    byte[] good = model(node("Add")).toByteArray();
    byte[] bad = model(node("Loop")).toByteArray();
    byte[] both = Arrays.copyOf(good, good.length + bad.length);
    System.arraycopy(bad, 0, both, good.length, bad.length);
    Path file = Files.write(directory.resolve("both.onnx"), both);
    assertThat(ModelProto.parseFrom(both).getGraph().getNodeCount()).isEqualTo(2);
    assertRefused(file, "operator-not-allowed");
  }

  /**
   * The runtime passes over a field of another type; read as a message it would hide what follows.
   */
  @Test
  void aFieldOfAnotherTypeThanTheFormatsIsRefused() throws Exception {
    byte[] hidden = model(node("Loop")).toByteArray();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    out.writeUInt32(ModelProto.GRAPH_FIELD_NUMBER, hidden.length);
    out.flush();
    bytes.write(hidden);
    Path file = Files.write(directory.resolve("hidden.onnx"), bytes.toByteArray());
    assertThat(ModelProto.parseFrom(bytes.toByteArray()).getGraph().getNodeCount()).isEqualTo(1);
    assertRefused(file, "invalid-graph");
  }

  @Test
  void lengthsThatTheFileDoesNotHaveAreRefusedWithoutMemoryForThem() throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    out.writeTag(ModelProto.GRAPH_FIELD_NUMBER, 2);
    out.writeUInt32NoTag(Integer.MAX_VALUE);
    out.writeTag(GraphProto.NODE_FIELD_NUMBER, 2);
    out.writeUInt32NoTag(2_000_000_000);
    out.writeTag(NodeProto.OP_TYPE_FIELD_NUMBER, 2);
    out.writeUInt32NoTag(1_999_999_000);
    out.flush();
    assertRefused(
        Files.write(directory.resolve("bomb.onnx"), bytes.toByteArray()), "invalid-graph");
  }

  @Test
  void damagedFilesAreRefusedAndNothingElseHappens() throws Exception {
    byte[] good = Files.readAllBytes(merged(Precision.FP32));
    Random random = new Random(7);
    for (int i = 0; i < 300; i++) {
      byte[] bad = i % 2 == 0 ? good.clone() : Arrays.copyOf(good, random.nextInt(good.length));
      for (int flips = 0; flips < 20 && bad.length > 0; flips++) {
        bad[random.nextInt(Math.min(bad.length, 4000))] = (byte) random.nextInt();
      }
      Path file = Files.write(directory.resolve("bad.onnx"), bad);
      try {
        OnnxInspection.check(file);
      } catch (ModelException e) {
        assertThat(e.reason()).isIn("invalid-graph", "operator-not-allowed", "external-data");
      }
    }
  }

  private static void assertRefused(Path file, String reason) {
    assertThatThrownBy(() -> OnnxInspection.check(file))
        .isInstanceOfSatisfying(
            ModelException.class, e -> assertThat(e.reason()).as(e.getMessage()).isEqualTo(reason))
        .hasMessageContaining(file.toString());
  }

  private static NodeProto node(String operator) {
    return NodeProto.newBuilder().setOpType(operator).addInput("x").addOutput("y").build();
  }

  private static ModelProto model(NodeProto node) {
    return model(GraphProto.newBuilder().addNode(node).build());
  }

  private static ModelProto model(GraphProto graph) {
    return ModelProto.newBuilder()
        .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(17))
        .setGraph(
            graph.toBuilder()
                .addInitializer(
                    TensorProto.newBuilder()
                        .setName("small")
                        .setRawData(ByteString.copyFrom(new byte[] {1, 2, 3, 4}))))
        .build();
  }

  private Path write(ModelProto model) throws IOException {
    return Files.write(directory.resolve("some.onnx"), model.toByteArray());
  }
}
