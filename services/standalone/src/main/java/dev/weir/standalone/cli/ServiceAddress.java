package dev.weir.standalone.cli;

import dev.weir.service.config.Setting;
import dev.weir.service.process.CommonSettings;
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
          "the service (default: ${DEFAULT-VALUE}); its API key is read from WEIR_API_KEY, and where"
              + " WEIR_TLS_CERTIFICATE names a certificate that one is believed, too",
      defaultValue = "http://localhost:8080")
  private String url = "";

  private static <T> T value(Setting<T> setting, Map<String, String> environment) {
    return setting.parser().apply(environment.getOrDefault(setting.name(), setting.defaultValue()));
  }

  /** A client of that service. */
  HttpApi api(Map<String, String> environment) {
    return new HttpApi(
        url,
        value(CommonSettings.API_KEY, environment),
        value(CommonSettings.TLS_CERTIFICATE, environment));
  }
}
