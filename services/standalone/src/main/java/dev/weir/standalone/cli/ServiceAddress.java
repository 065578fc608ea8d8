package dev.weir.standalone.cli;

import dev.weir.common.config.CommonSettings;
import java.util.Map;
import picocli.CommandLine.Option;

/**
 * Which service a command asks. The key comes from the environment alone: what stands on a command
 * line is seen by everybody on the machine.
 */
final class ServiceAddress {

  @Option(
      names = "--url",
      description =
          "the service (default: ${DEFAULT-VALUE}); its API key is read from WEIR_API_KEY",
      defaultValue = "http://localhost:8080")
  private String url = "";

  /** A client of that service. */
  HttpApi api(Map<String, String> environment) {
    return new HttpApi(url, environment.getOrDefault(CommonSettings.API_KEY.name(), "").strip());
  }
}
