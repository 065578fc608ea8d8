package dev.weir.service.process;

import dev.weir.service.config.Settings;
import dev.weir.service.ops.Health;
import dev.weir.service.ops.Metrics;
import dev.weir.service.ops.OpsServer;
import dev.weir.service.ops.PortInUseException;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Where a process serves its health and metrics. */
public final class OpsPort {

  private static final Logger LOG = LoggerFactory.getLogger(OpsPort.class);

  private OpsPort() {}

  /**
   * Starts a server where the settings say. The default port is for the process that has it first:
   * where nobody named one, another process takes a free one and says so.
   *
   * @param environment where the settings were read from
   * @throws PortInUseException if another process has the port that was named
   */
  public static OpsServer start(
      Settings settings, Map<String, String> environment, Health health, Metrics metrics) {
    OpsServer wanted = at(settings, settings.get(CommonSettings.OPS_PORT), health, metrics);
    try {
      wanted.start();
      return wanted;
    } catch (PortInUseException e) {
      if (environment.containsKey(CommonSettings.OPS_PORT.name())) {
        throw e;
      }
      OpsServer free = at(settings, 0, health, metrics);
      free.start();
      LOG.info(
          "port {} is taken: /health and /metrics are served on port {}; WEIR_OPS_PORT sets it",
          wanted.port(),
          free.port());
      return free;
    }
  }

  private static OpsServer at(Settings settings, int port, Health health, Metrics metrics) {
    return new OpsServer(
        settings.get(CommonSettings.OPS_HOST), port, CommonSettings.tls(settings), health, metrics);
  }
}
