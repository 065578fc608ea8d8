package dev.weir.model.device;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import dev.weir.model.graph.OnnxGraph;
import dev.weir.model.spec.ModelException;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/** The process's one ONNX Runtime environment, and sessions with the product's settings. */
public final class OnnxRuntime {
  private OnnxRuntime() {}

  /** Asked for once: the runtime warns about every further request that names a level. */
  private static final class Holder {
    static final OrtEnvironment ENVIRONMENT =
        OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR, "weir");

    static {
      ExtractedLibraries.removeAtExit();
    }
  }

  /** The environment of the process, which is never closed. */
  public static OrtEnvironment environment() {
    return Holder.ENVIRONMENT;
  }

  /**
   * Opens a session through a temporary file: given bytes, the runtime would hold two more copies
   * of the weights beside its own while it opens.
   */
  public static OrtSession open(OnnxGraph graph, int intraOpThreads, OnnxDevice device) {
    try {
      Path file = Files.createTempFile("weir-", ".onnx");
      try {
        write(graph, file);
        return open(file, intraOpThreads, device);
      } finally {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new ModelException(
          "unwritable-file",
          "The model cannot be written to the temporary directory %s: %s; free space or set java.io.tmpdir."
              .formatted(System.getProperty("java.io.tmpdir"), e),
          e);
    }
  }

  /**
   * Opens a session that writes a profile until {@link ExecutionProviders#of} ends it, which has to
   * follow at once.
   *
   * @throws DeviceException {@code no-cuda-libraries}
   */
  public static OrtSession open(Path file, int intraOpThreads, OnnxDevice device) {
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR);
      options.setExecutionMode(OrtSession.SessionOptions.ExecutionMode.SEQUENTIAL);
      options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
      options.setInterOpNumThreads(1);
      options.setIntraOpNumThreads(intraOpThreads);
      // Every batch has another shape, and the runtime would remember an allocation plan for each.
      // The arena stays (without it 8-bit runs are a third slower): it holds what the largest batch
      // needed, which the caller's batch limit bounds.
      options.setMemoryPatternOptimization(false);
      options.setCPUArenaAllocator(true);
      if (device == OnnxDevice.CUDA) {
        CudaProvider.addTo(options);
      }
      options.enableProfiling(
          Path.of(System.getProperty("java.io.tmpdir"), "weir-profile-" + UUID.randomUUID())
              .toString());
      return environment().createSession(file.toString(), options);
    } catch (OrtException e) {
      throw new ModelException(
          "invalid-graph", "ONNX Runtime refuses " + file + ": " + e.getMessage(), e);
    }
  }

  /**
   * Closes a session.
   *
   * @throws ModelException {@code inference-failed} if it does not close
   */
  public static void close(OrtSession session) {
    try {
      session.close();
    } catch (OrtException e) {
      throw new ModelException("inference-failed", "The session does not close: " + e, e);
    }
  }

  /** Writes a graph to a file. */
  public static void write(OnnxGraph graph, Path file) throws IOException {
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 16)) {
      graph.write(out);
    }
  }
}
