package dev.weir.model.graph;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import dev.weir.model.spec.ModelException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;

/**
 * Looks into an ONNX file before the runtime does: whoever wrote it, it may hold nothing but what
 * {@link dev.weir.model.session.MergedModel} writes.
 *
 * <p>Refused are operators beyond those of an encoder and its head (none of the rest can read
 * files, loop, or ask for memory that the file does not pay for), operators of other domains,
 * nested graphs, functions, and weights in other files. The file is read as a stream in constant
 * memory; weights are skipped.
 *
 * @see <a href="https://github.com/onnx/onnx/blob/main/onnx/onnx.proto">the format</a>
 */
public final class OnnxInspection {

  /** Quantises with one scale for a whole batch; models of earlier versions have it. */
  private static final String DYNAMIC = "DynamicQuantizeLinear";

  /** What {@link PortableGraph} builds models from, and did in earlier versions. */
  static final Set<String> OPERATORS =
      Set.of(
          "Abs",
          "Add",
          "Cast",
          "Div",
          DYNAMIC,
          "Erf",
          "Gather",
          "Gemm",
          "LayerNormalization",
          "MatMul",
          "MatMulInteger",
          "Max",
          "Mul",
          "QuantizeLinear",
          "ReduceMax",
          "ReduceSum",
          "Relu",
          "Reshape",
          "Shape",
          "Slice",
          "Softmax",
          "Squeeze",
          "Sub",
          "Tanh",
          "Transpose",
          "Unsqueeze");

  private static final Set<String> DOMAINS = Set.of("", "ai.onnx");

  /** The deepest encoder has some 1,000. */
  private static final int MOST_NODES = 100_000;

  /** More than any message that is not a weight. */
  private static final int MOST_NAME_BYTES = 1 << 16;

  private final Path file;
  private final CodedInputStream in;
  private int nodes;
  private boolean dynamic;
  private int wireType;

  private OnnxInspection(Path file, CodedInputStream in) {
    this.file = file;
    this.in = in;
  }

  /**
   * Checks a file.
   *
   * @throws ModelException {@code invalid-graph}, {@code operator-not-allowed}, {@code
   *     external-data}, {@code unreadable-file}
   */
  public static void check(Path file) {
    var unused = inspected(file);
  }

  /**
   * Checks a file as well, and says whether its answers depend on the batch, as one activation
   * scale is for all of it.
   */
  public static boolean dependsOnBatch(Path file) {
    return inspected(file).dynamic;
  }

  private static OnnxInspection inspected(Path file) {
    try (InputStream stream = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
      CodedInputStream in = CodedInputStream.newInstance(stream);
      in.setSizeLimit(Integer.MAX_VALUE);
      OnnxInspection inspection = new OnnxInspection(file, in);
      inspection.model();
      return inspection;
    } catch (com.google.protobuf.InvalidProtocolBufferException e) {
      throw new ModelException(
          "invalid-graph", file + " is no ONNX model: " + e.getMessage() + "; write it again.", e);
    } catch (IOException e) {
      throw new ModelException(
          "unreadable-file", file + " cannot be read: " + e + "; check its permissions.", e);
    }
  }

  /** A message's field that is looked into; the others are skipped. */
  @FunctionalInterface
  private interface Field {
    /** Reads the field of that number, or returns false without having read anything. */
    boolean read(int number) throws IOException;
  }

  private void model() throws IOException {
    fields(
        number ->
            switch (number) {
              case 7 -> message(this::graph);
              case 8 -> message(this::operatorSet);
              case 20 -> throw refused("invalid-graph", "has steps of a training");
              case 25 -> throw refused("invalid-graph", "has functions");
              default -> false;
            });
  }

  private boolean operatorSet(int number) throws IOException {
    if (number != 1) {
      return false;
    }
    requireDomain(text());
    return true;
  }

  private boolean graph(int number) throws IOException {
    return switch (number) {
      case 1 -> {
        if (++nodes > MOST_NODES) {
          throw refused("invalid-graph", "has more than " + MOST_NODES + " operators");
        }
        yield message(this::node);
      }
      case 5 -> message(this::tensor);
      case 15 -> throw refused("invalid-graph", "has sparse weights");
      default -> false;
    };
  }

  private boolean node(int number) throws IOException {
    switch (number) {
      case 4 -> {
        String operator = text();
        dynamic |= operator.equals(DYNAMIC);
        if (!OPERATORS.contains(operator)) {
          throw refused("operator-not-allowed", "uses operator " + operator);
        }
      }
      case 5 -> {
        return message(this::attribute);
      }
      case 7 -> requireDomain(text());
      default -> {
        return false;
      }
    }
    return true;
  }

  private boolean attribute(int number) throws IOException {
    return switch (number) {
      case 5, 10 -> message(this::tensor);
      case 6, 11 -> throw refused("invalid-graph", "has a graph inside an operator");
      case 22, 23 -> throw refused("invalid-graph", "has sparse weights");
      default -> false;
    };
  }

  private boolean tensor(int number) throws IOException {
    if (number == 13) {
      throw refused("external-data", "has weights in another file");
    }
    if (number != 14) {
      return false;
    }
    requireType(WireFormat.WIRETYPE_VARINT);
    if (in.readEnum() != 0) {
      throw refused("external-data", "has weights in another file");
    }
    return true;
  }

  private void requireDomain(String domain) {
    if (!DOMAINS.contains(domain)) {
      throw refused("operator-not-allowed", "uses operators of " + domain);
    }
  }

  private String text() throws IOException {
    requireType(WireFormat.WIRETYPE_LENGTH_DELIMITED);
    int bytes = in.readRawVarint32();
    if (bytes < 0 || bytes > MOST_NAME_BYTES) {
      throw refused("invalid-graph", "has a name of " + bytes + " bytes");
    }
    return new String(in.readRawBytes(bytes), java.nio.charset.StandardCharsets.UTF_8);
  }

  private boolean message(Field field) throws IOException {
    requireType(WireFormat.WIRETYPE_LENGTH_DELIMITED);
    int limit = in.pushLimit(in.readRawVarint32());
    fields(field);
    in.popLimit(limit);
    return true;
  }

  private void fields(Field field) throws IOException {
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      wireType = WireFormat.getTagWireType(tag);
      if (!field.read(WireFormat.getTagFieldNumber(tag)) && !in.skipField(tag)) {
        throw refused("invalid-graph", "has groups, which the format does not know");
      }
    }
  }

  /**
   * Parsers pass over a field of another type than theirs. Reading it here as something else would
   * let a file look one way to this class and another way to the runtime.
   */
  private void requireType(int type) {
    if (wireType != type) {
      throw refused("invalid-graph", "has a field of another type than the format's");
    }
  }

  private ModelException refused(String reason, String what) {
    return new ModelException(
        reason,
        "%s %s, which models of this version do not; take it from the trainer, or serve the adapter unmerged."
            .formatted(file, what));
  }
}
