package dev.weir.broker;

import dev.weir.broker.BrokerStartException.Reason;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * Ports of 127.0.0.1 that Kafka is going to bind. A port is only probed here, Kafka binds it a
 * moment later; free ports are therefore drawn at random from a range below the ephemeral ones of
 * Linux, macOS and Windows, where no outgoing connection can take one in between.
 */
final class LoopbackPorts {
  static final String HOST = "127.0.0.1";
  private static final int FIRST = 20_000;
  private static final int LAST = 29_999;
  private static final int DRAWS = 200;
  private static final int CONNECT_TIMEOUT_MS = 200;

  private LoopbackPorts() {}

  /** A port that nothing listens on, other than {@code taken}. */
  static int free(int taken) {
    for (int draw = 0; draw < DRAWS; draw++) {
      int port = ThreadLocalRandom.current().nextInt(FIRST, LAST + 1);
      if (port != taken && !answers(port) && canBind(port)) {
        return port;
      }
    }
    throw new BrokerStartException(
        Reason.PORT_UNAVAILABLE,
        "no free port found on "
            + HOST
            + " in "
            + FIRST
            + ".."
            + LAST
            + "; stop some of the processes that listen there, or choose a port with --broker-port");
  }

  /** Refuses a port that another process holds or that this process may not bind. */
  static void requireFree(int port) {
    if (answers(port)) {
      throw inUse(port, null);
    }
    try {
      bindAndRelease(port);
    } catch (BindException e) {
      if (String.valueOf(e.getMessage()).contains("ermission")) {
        throw new BrokerStartException(
            Reason.PORT_UNAVAILABLE,
            "port " + port + " needs privileges; choose one above 1023 with --broker-port",
            e);
      }
      throw inUse(port, e);
    } catch (IOException e) {
      throw new BrokerStartException(
          Reason.PORT_UNAVAILABLE,
          "port "
              + port
              + " cannot be bound ("
              + e.getMessage()
              + "); choose one with --broker-port",
          e);
    }
  }

  private static BrokerStartException inUse(int port, @Nullable IOException e) {
    return new BrokerStartException(
        Reason.PORT_UNAVAILABLE,
        "port " + port + " is in use; stop the process that holds it or pass --broker-port",
        e);
  }

  private static boolean canBind(int port) {
    try {
      bindAndRelease(port);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private static void bindAndRelease(int port) throws IOException {
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(address(port));
    }
  }

  /** Where a wildcard address is bound, macOS lets 127.0.0.1 be bound as well: so ask, too. */
  private static boolean answers(int port) {
    try (Socket socket = new Socket()) {
      socket.connect(address(port), CONNECT_TIMEOUT_MS);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private static InetSocketAddress address(int port) throws IOException {
    return new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), port);
  }
}
