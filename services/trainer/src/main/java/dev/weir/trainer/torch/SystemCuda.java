package dev.weir.trainer.torch;

import ai.djl.engine.StandardCapabilities;
import ai.djl.util.cuda.CudaUtils;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Platform;
import dev.weir.model.device.NvidiaDriver;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/** The parts of a training on a GPU, as this machine and this class path have them. */
final class SystemCuda implements CudaParts {

  /** What each native build of the engine says of itself. */
  private static final String BUILDS = "native/lib/pytorch.properties";

  private final List<Properties> builds = builds();

  /** GPU builds first: that is the one that is loaded where it can be. */
  @Override
  public String engineVersion() {
    return builds.stream()
        .min((a, b) -> Boolean.compare(isCuda(b), isCuda(a)))
        .map(build -> build.getProperty("version", "unknown").replaceFirst("-\\d+$", ""))
        .orElse("unknown");
  }

  @Override
  public boolean engine() {
    String own = ownLibtorch();
    if (own != null) {
      // libtorch from elsewhere, such as the image's: it goes before what is in the class path.
      for (String path : own.split(File.pathSeparator, -1)) {
        if (Files.exists(Path.of(path, System.mapLibraryName("torch")))) {
          return Files.exists(Path.of(path, System.mapLibraryName("torch_cuda")));
        }
      }
    }
    return builds.stream().anyMatch(SystemCuda::isCuda);
  }

  @Override
  public OptionalInt driverDevices() {
    return NvidiaDriver.devices();
  }

  @Override
  public OptionalInt runtimeDevices() {
    try {
      NativeLibrary.getInstance("cudart");
    } catch (UnsatisfiedLinkError e) {
      // The engine would take its CPU build without a word; on Windows it searches on its own.
      if (!Platform.isWindows()) {
        return OptionalInt.empty();
      }
    }
    return OptionalInt.of(CudaUtils.getGpuCount());
  }

  @Override
  public boolean usable() {
    return TorchRuntime.engine().hasCapability(StandardCapabilities.CUDA);
  }

  @Override
  public String deviceName() {
    return NvidiaDriver.deviceName();
  }

  private static @Nullable String ownLibtorch() {
    String own = System.getProperty("PYTORCH_LIBRARY_PATH");
    return own == null ? System.getenv("PYTORCH_LIBRARY_PATH") : own;
  }

  private static boolean isCuda(Properties build) {
    return (build.getProperty("flavor", "") + "-" + build.getProperty("classifier", ""))
        .matches("-?cu\\d.*");
  }

  private static List<Properties> builds() {
    List<Properties> builds = new ArrayList<>();
    try {
      for (URL url : Collections.list(SystemCuda.class.getClassLoader().getResources(BUILDS))) {
        Properties build = new Properties();
        try (InputStream in = url.openStream()) {
          build.load(in);
        }
        builds.add(build);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("the class path cannot be read", e);
    }
    return builds;
  }
}
