package dev.weir.inference;

import dev.weir.common.config.CommonSettings;
import dev.weir.common.config.Setting;
import dev.weir.common.config.Settings;
import dev.weir.inference.access.KeyRing;
import dev.weir.inference.http.HttpConfig;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** The settings of the HTTP interface. */
final class HttpSettings {

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
          "how long an HTTP connection may be without a request, and a request take to arrive");

  private static final Setting<Set<String>> ORIGINS =
      Setting.text(
              "WEIR_HTTP_ORIGINS",
              "",
              "origins of other servers' pages that may use this one (CORS): scheme://host:port,"
                  + " separated by commas")
          .map(HttpSettings::origins);

  private HttpSettings() {}

  /** These settings, in the order of the README's table. */
  static List<Setting<?>> settings() {
    return List.of(HOST, PORT, KEYS, RATE, BURST, CONNECTIONS, IDLE, ORIGINS);
  }

  static HttpConfig from(Settings settings) {
    return new HttpConfig(
        settings.get(HOST),
        settings.get(PORT),
        CommonSettings.tls(settings),
        settings.get(KEYS),
        settings.get(RATE),
        settings.get(BURST),
        settings.get(CONNECTIONS),
        settings.get(IDLE),
        settings.get(ORIGINS));
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
