package dev.weir.service.ops;

import dev.weir.service.security.ServerTrust;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import javax.net.ssl.HttpsURLConnection;

/**
 * Asks a service for its health and ends with 0 or 1: the health check of a container whose image
 * has no shell and no curl.
 *
 * <p>{@code java … dev.weir.service.ops.HealthProbe http://127.0.0.1:9404/health/ready}
 *
 * <p>Where {@code WEIR_TLS_CERTIFICATE} is set the service speaks HTTPS alone, and so does this,
 * whatever the address says: a container has one health check and one set of settings. On a
 * loopback address any certificate will do ({@link ServerTrust#ofLoopback()}); elsewhere the JDK's
 * rules hold.
 */
public final class HealthProbe {

  private static final int TIMEOUT_MS = 4_000;

  /** Not from the settings' class: it would load half of Weir, every few seconds. */
  private static final String TLS_CERTIFICATE = "WEIR_TLS_CERTIFICATE";

  private HealthProbe() {}

  /** Exit code 0 when the address answers with 200, 1 when it does not, 2 without an address. */
  public static void main(String[] arguments) {
    if (arguments.length != 1) {
      System.err.println(
          "give one address, such as http://127.0.0.1:9404/health/ready; got " + arguments.length);
      System.exit(2);
    }
    System.exit(healthy(address(arguments[0], System.getenv()), System.out) ? 0 : 1);
  }

  /** The address in the scheme that the service's settings ask for. */
  static URI address(String given, Map<String, String> environment) {
    boolean tls = !environment.getOrDefault(TLS_CERTIFICATE, "").isBlank();
    return URI.create(tls ? given.replaceFirst("^http:", "https:") : given);
  }

  /** Whether the address answers with 200; prints what it says, or why it says nothing. */
  static boolean healthy(URI address, PrintStream out) {
    try {
      HttpURLConnection connection = (HttpURLConnection) address.toURL().openConnection();
      connection.setConnectTimeout(TIMEOUT_MS);
      connection.setReadTimeout(TIMEOUT_MS);
      if (connection instanceof HttpsURLConnection https
          && ServerTrust.isLoopback(address.getHost())) {
        https.setSSLSocketFactory(ServerTrust.ofLoopback().getSocketFactory());
        https.setHostnameVerifier((host, session) -> true);
      }
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
