package dev.weir.standalone.cli;

import dev.weir.service.process.CommonSettings;
import dev.weir.store.artifact.StoreConfig;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of the commands that run one service; each stands for its variable. */
final class ServiceOptions {

  @Option(
      names = "--port",
      paramLabel = "PORT",
      description =
          "port of health and metrics (WEIR_OPS_PORT), for inference of HTTP (WEIR_HTTP_PORT); 0 for"
              + " a free one")
  private @Nullable Integer port;

  @Option(
      names = "--store-dir",
      paramLabel = "DIR",
      description = "adapter store that trainer and inference share (WEIR_STORE_DIR)")
  private @Nullable Path storeDir;

  @Option(
      names = "--base",
      paramLabel = "NAME|DIR",
      description = "base model (WEIR_BASE_MODEL; default bge-small-en-v1.5)")
  private @Nullable String base;

  /** The environment with the given options on top of it. */
  Map<String, String> over(Map<String, String> environment, String portVariable) {
    Map<String, String> merged = new HashMap<>(environment);
    if (port != null) {
      merged.put(portVariable, Integer.toString(port));
    }
    if (storeDir != null) {
      merged.put(StoreConfig.STORE_DIR.name(), storeDir.toString());
    }
    if (base != null) {
      merged.put(CommonSettings.BASE_MODEL.name(), base);
    }
    return merged;
  }
}
