package dev.weir.model.device;

import static ai.onnx.proto.OnnxMl.TensorProto.DataType.FLOAT;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtProvider;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.providers.OrtCUDAProviderOptions;
import dev.weir.model.graph.OnnxGraph;
import dev.weir.model.spec.ModelException;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Map;

/**
 * ONNX Runtime's CUDA provider, which is in its GPU build alone (Maven profile {@code serve-cuda})
 * and needs libraries that no build brings.
 */
public final class CudaProvider {

  static final String NAME = "CUDAExecutionProvider";

  private static final int FIRST_GPU = 0;

  private CudaProvider() {}

  /** Whether the ONNX Runtime in the class path is a GPU build; loads the runtime. */
  public static boolean built() {
    return OrtEnvironment.getAvailableProviders().contains(OrtProvider.CUDA);
  }

  /** The runtime's version. */
  public static String version() {
    return OnnxRuntime.environment().getVersion();
  }

  /**
   * Multiplies two numbers on the GPU. Unpacks and loads the provider, which takes seconds the
   * first time.
   *
   * @throws DeviceException {@code no-cuda-libraries}, {@code gpu-unusable}
   */
  public static void tryOut() {
    OnnxGraph graph = new OnnxGraph();
    graph.input("x", FLOAT, 1, 1);
    graph.floats("w", () -> new float[] {2}, 1, 1);
    graph.node("MatMul", "y", List.of("x", "w"));
    graph.output("y", FLOAT, 1, 1);
    try (OrtSession session = OnnxRuntime.open(graph, 1, OnnxDevice.CUDA)) {
      OnnxDevice.CUDA.requireUsed(ExecutionProviders.of(session, () -> multiply(session)));
    } catch (ModelException | OrtException e) {
      throw unusable(e);
    }
  }

  private static void multiply(OrtSession session) {
    try (OnnxTensor x =
            OnnxTensor.createTensor(
                OnnxRuntime.environment(), FloatBuffer.wrap(new float[] {3}), new long[] {1, 1});
        OrtSession.Result result = session.run(Map.of("x", x))) {
      float product = ((float[][]) result.get(0).getValue())[0][0];
      if (product != 6) {
        throw new ModelException("inference-failed", "3 times 2 is " + product + " there");
      }
    } catch (OrtException e) {
      throw unusable(e);
    }
  }

  private static DeviceException unusable(Exception e) {
    return new DeviceException(
        "gpu-unusable",
        "A GPU cannot be used (gpu-unusable): ONNX Runtime %s fails on it: %s; it needs a driver for CUDA 12: compare nvidia-smi. Or start with WEIR_SERVE_DEVICE=cpu."
            .formatted(version(), e.getMessage()),
        e);
  }

  /**
   * Puts the first GPU into the options of a session.
   *
   * @throws DeviceException {@code no-cuda-libraries}
   */
  static void addTo(OrtSession.SessionOptions options) {
    try (OrtCUDAProviderOptions cuda = new OrtCUDAProviderOptions(FIRST_GPU)) {
      // Else products are made of 10 bits of each factor: not what the gate judged.
      cuda.add("use_tf32", "0");
      options.addCUDA(cuda);
    } catch (OrtException e) {
      throw new DeviceException(
          "no-cuda-libraries",
          "A GPU cannot be used (no-cuda-libraries): the CUDA provider of ONNX Runtime %s does not load: %s; install CUDA 12 and cuDNN 9 (libcudart, libcublas, libcublasLt, libcufft, libcurand, libcudnn) and have them on LD_LIBRARY_PATH. Or start with WEIR_SERVE_DEVICE=cpu."
              .formatted(version(), lastPart(e)),
          e);
    }
  }

  /** What the dynamic linker says, which the runtime puts last. */
  private static String lastPart(OrtException e) {
    String message = String.valueOf(e.getMessage()).strip();
    int at = message.lastIndexOf("with error: ");
    return at < 0 ? message : message.substring(at + "with error: ".length());
  }
}
