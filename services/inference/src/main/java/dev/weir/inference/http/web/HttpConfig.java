package dev.weir.inference.http.web;

import dev.weir.inference.access.KeyRing;
import dev.weir.service.security.TlsIdentity;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;

/**
 * Where and to whom HTTP is served.
 *
 * @param host address to listen on
 * @param port port to listen on; 0 takes a free one
 * @param tls what is shown over HTTPS; empty for clear text
 * @param keys the API keys; empty lets everybody ask for everything
 * @param rate texts per second and client; 0 for no limit
 * @param burst texts at once, where there is a limit
 * @param connections most connections that are open at once, half of them from one address
 * @param idle how long a connection may be silent, and a request take to arrive
 * @param origins origins of other servers' pages that may use this one
 * @param hosts names that this server goes by, beside its own address and this machine's own names
 */
public record HttpConfig(
    String host,
    int port,
    Optional<TlsIdentity> tls,
    Optional<KeyRing> keys,
    int rate,
    int burst,
    int connections,
    Duration idle,
    Set<String> origins,
    Set<String> hosts) {

  private static final int CONNECTIONS = 1024;
  private static final Duration IDLE = Duration.ofSeconds(60);

  /** Copies the sets. */
  public HttpConfig {
    origins = Set.copyOf(origins);
    hosts = Set.copyOf(hosts);
  }

  /** Clear text for everybody who can reach that address. */
  public static HttpConfig open(String host, int port) {
    return new HttpConfig(
        host,
        port,
        Optional.empty(),
        Optional.empty(),
        0,
        1,
        CONNECTIONS,
        IDLE,
        Set.of(),
        Set.of());
  }

  /** Whether other machines can reach it. */
  public boolean reachable() {
    try {
      return !InetAddress.getByName(host).isLoopbackAddress();
    } catch (UnknownHostException e) {
      return true; // Listening will say what is wrong with it.
    }
  }
}
