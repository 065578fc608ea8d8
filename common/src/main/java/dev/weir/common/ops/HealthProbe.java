package dev.weir.common.ops;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;

/**
 * Asks a service for its health and ends with 0 or 1: the health check of a container whose image
 * has no shell and no curl.
 *
 * <p>{@code java … dev.weir.common.ops.HealthProbe http://127.0.0.1:9404/health/ready}
 */
public final class HealthProbe {

  private static final int TIMEOUT_MS = 4_000;

  private HealthProbe() {}

  /** Exit code 0 when the address answers with 200, 1 when it does not, 2 without an address. */
  public static void main(String[] arguments) {
    if (arguments.length != 1) {
      System.err.println(
          "give one address, such as http://127.0.0.1:9404/health/ready; got " + arguments.length);
      System.exit(2);
    }
    System.exit(healthy(URI.create(arguments[0]), System.out) ? 0 : 1);
  }

  /** Whether the address answers with 200; prints what it says, or why it says nothing. */
  static boolean healthy(URI address, PrintStream out) {
    try {
      HttpURLConnection connection = (HttpURLConnection) address.toURL().openConnection();
      connection.setConnectTimeout(TIMEOUT_MS);
      connection.setReadTimeout(TIMEOUT_MS);
      int status = connection.getResponseCode();
      try (InputStream body =
          status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
        out.println(
            body == null ? "" : new String(body.readAllBytes(), StandardCharsets.UTF_8).strip());
      }
      return status == HttpURLConnection.HTTP_OK;
    } catch (IOException e) {
      out.println(address + " does not answer: " + e.getMessage());
      return false;
    }
  }
}
