package dev.weir.standalone.cli;

import dev.weir.service.process.CommonSettings;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of the commands that run the whole loop in one process. */
final class LoopOptions {

  @Option(
      names = "--port",
      paramLabel = "PORT",
      description = "HTTP port, 0 for a free one (WEIR_HTTP_PORT; default 8080)")
  private @Nullable Integer port;

  @Option(
      names = "--broker-port",
      paramLabel = "PORT",
      description = "Kafka's port, 0 for a free one (default 9092 for up, a free one for demo)")
  private @Nullable Integer brokerPort;

  @Option(
      names = "--data-dir",
      paramLabel = "DIR",
      description =
          "keep topics and adapters here; a second start finds them again (default for up:"
              + " weir-data; demo: a temporary directory)")
  private @Nullable Path dataDir;

  @Option(
      names = "--base",
      paramLabel = "NAME|DIR",
      description = "base model (WEIR_BASE_MODEL; default bge-small-en-v1.5)")
  private @Nullable String base;

  @Nullable Path dataDir() {
    return dataDir;
  }

  int brokerPort(int otherwise) {
    return brokerPort == null ? otherwise : brokerPort;
  }

  /** The environment with the given options on top of it. */
  Map<String, String> over(Map<String, String> environment) {
    Map<String, String> merged = new HashMap<>(environment);
    if (port != null) {
      merged.put("WEIR_HTTP_PORT", Integer.toString(port));
    }
    if (base != null) {
      merged.put(CommonSettings.BASE_MODEL.name(), base);
    }
    return merged;
  }
}
