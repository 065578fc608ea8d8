package dev.weir.inference;

import dev.weir.inference.access.KeyRing;
import dev.weir.inference.http.web.HttpConfig;
import dev.weir.service.config.Setting;
import dev.weir.service.config.Settings;
import dev.weir.service.config.SettingsException;
import dev.weir.service.process.CommonSettings;
import io.netty.util.NetUtil;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The settings of the HTTP interface. */
final class HttpSettings {

  /** Labels of letters, digits, hyphens and, as in many networks, underscores (RFC 1123, 2.1). */
  private static final Pattern HOST_NAME =
      Pattern.compile("(?i)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*");

  static final Setting<String> HOST =
      Setting.text(
          "WEIR_HTTP_HOST", "127.0.0.1", "address that HTTP is served on; 0.0.0.0 for all");

  static final Setting<Integer> PORT =
      Setting.integer(
          "WEIR_HTTP_PORT", 8080, 0, 65535, "port that HTTP is served on; 0 takes a free one");

  private static final Setting<Optional<KeyRing>> KEYS =
      new Setting<>(
          "WEIR_HTTP_KEYS_FILE",
          "",
          "a file of lines from weir keys new",
          "API keys that are accepted, by digest, with their scopes; read again when it changes;"
              + " empty lets everybody who reaches the port ask for everything",
          false,
          file ->
              file.isBlank() ? Optional.empty() : Optional.of(new KeyRing(Path.of(file.strip()))));

  private static final Setting<Integer> RATE =
      Setting.integer(
          "WEIR_HTTP_RATE",
          0,
          0,
          1_000_000,
          "texts over HTTP per second and key, or address where no key is shown; a request without"
              + " texts counts as one; beyond, 429; 0 for no limit");

  private static final Setting<Integer> BURST =
      Setting.integer(
          "WEIR_HTTP_BURST",
          100,
          1,
          1_000_000,
          "texts at once, per key or address, where WEIR_HTTP_RATE limits them; a request with more"
              + " passes when none were sent for long enough, and those after it wait");

  private static final Setting<Integer> CONNECTIONS =
      Setting.integer(
          "WEIR_HTTP_CONNECTIONS",
          1024,
          1,
          100_000,
          "most HTTP connections that are open at once, half of them from one address; beyond, the"
              + " one that has waited for its client for longest is closed");

  private static final Setting<Duration> IDLE =
      Setting.duration(
          "WEIR_HTTP_IDLE",
          "60s",
          Duration.ofSeconds(1),
          Duration.ofHours(1),
          "how long an HTTP connection may be without a request, and a request take to arrive; a new"
              + " connection has a sixth of it for its first request's head");

  private static final Setting<Set<String>> ORIGINS =
      Setting.text(
              "WEIR_HTTP_ORIGINS",
              "",
              "origins of other servers' pages that may use this one (CORS): scheme://host:port,"
                  + " separated by commas")
          .map(HttpSettings::origins);

  private static final Setting<Set<String>> HOSTS =
      Setting.text(
              "WEIR_HTTP_HOSTS",
              "",
              "names and addresses that clients know this server by, separated by commas, beside"
                  + " WEIR_HTTP_HOST and localhost; without keys, or on loopback, requests for"
                  + " others are refused")
          .map(HttpSettings::hosts);

  private static final Setting<Boolean> ALLOW_ANONYMOUS =
      Setting.flag(
          "WEIR_HTTP_ALLOW_ANONYMOUS",
          false,
          "HTTP is served to other machines without WEIR_HTTP_KEYS_FILE; whoever reaches the port"
              + " may read reviews, give feedback and change who serves");

  private HttpSettings() {}

  /** These settings, in the order of the README's table. */
  static List<Setting<?>> settings() {
    return List.of(
        HOST, PORT, KEYS, RATE, BURST, CONNECTIONS, IDLE, ORIGINS, HOSTS, ALLOW_ANONYMOUS);
  }

  /**
   * Takes the values out of what the process read.
   *
   * @throws SettingsException if other machines could ask for everything, and nobody said that they
   *     may
   */
  static HttpConfig from(Settings settings) {
    HttpConfig config = unchecked(settings);
    if (config.reachable() && config.keys().isEmpty() && !settings.get(ALLOW_ANONYMOUS)) {
      throw new SettingsException(
          List.of(
              "WEIR_HTTP_HOST is %s, which other machines can reach, and WEIR_HTTP_KEYS_FILE is empty: make keys with weir keys new, or set WEIR_HTTP_HOST=127.0.0.1, or WEIR_HTTP_ALLOW_ANONYMOUS=true where whoever reaches the port may do everything"
                  .formatted(config.host())));
    }
    return config;
  }

  private static HttpConfig unchecked(Settings settings) {
    return new HttpConfig(
        settings.get(HOST),
        settings.get(PORT),
        CommonSettings.tls(settings),
        settings.get(KEYS),
        settings.get(RATE),
        settings.get(BURST),
        settings.get(CONNECTIONS),
        settings.get(IDLE),
        settings.get(ORIGINS),
        settings.get(HOSTS));
  }

  private static Set<String> hosts(String written) {
    return Arrays.stream(written.split(","))
        .map(String::strip)
        .filter(host -> !host.isEmpty())
        .map(HttpSettings::host)
        .collect(Collectors.toSet());
  }

  /** A name or an address alone: ports do not matter, and a pattern would open it to any name. */
  private static String host(String written) {
    if (NetUtil.isValidIpV4Address(written)
        || NetUtil.isValidIpV6Address(written)
        || HOST_NAME.matcher(written).matches()) {
      return written.toLowerCase(Locale.ROOT);
    }
    throw new IllegalArgumentException(
        "has '" + written + "', accepted are names and addresses without scheme, port and path");
  }

  private static Set<String> origins(String written) {
    return Arrays.stream(written.split(","))
        .map(String::strip)
        .filter(origin -> !origin.isEmpty())
        .map(HttpSettings::origin)
        .collect(Collectors.toSet());
  }

  /** As browsers write it: no path, lower case; {@code *} would open the service to any page. */
  private static String origin(String written) {
    try {
      URI uri = URI.create(written.toLowerCase(Locale.ROOT));
      boolean web = "https".equals(uri.getScheme()) || "http".equals(uri.getScheme());
      if (web
          && uri.getHost() != null
          && (uri.getScheme() + "://" + uri.getAuthority()).equals(uri.toString())) {
        return uri.toString();
      }
    } catch (IllegalArgumentException e) {
      // Said below, with what is accepted.
    }
    throw new IllegalArgumentException(
        "has '" + written + "', accepted are origins such as https://console.example.org:8443");
  }
}
