package dev.weir.inference.http.guard;

import dev.weir.inference.access.Scope;
import io.vertx.core.http.HttpMethod;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Which scope a request needs, by its method and normalised path.
 *
 * <p>Closed by default: whatever changes something and is not named here needs {@link Scope#ADMIN},
 * every read under {@code /v1} and {@code /v2} needs {@link Scope#CLASSIFY}, and every stream that
 * is not known to carry no texts needs {@link Scope#TEXTS}, so that a route that somebody adds is
 * never open by oversight. Open are health, metrics, the API's description, and the static files of
 * the console.
 */
public final class RequiredScope {

  private static final Pattern INTERFACE = Pattern.compile("/v[0-9]+(/.*)?");
  private static final Pattern INFER = Pattern.compile("/v2/models/.+/infer");
  private static final Pattern PROTOCOL_HEALTH = Pattern.compile("/v2/health/(live|ready)");

  private static final String STREAM = "/v1/stream";

  /** Feeds whose events repeat nothing that people wrote. */
  private static final Set<String> TEXTLESS =
      Set.of("classifications", "batches", "training", "adapters");

  private RequiredScope() {}

  /**
   * The scope, or empty when the request needs no key.
   *
   * @param feeds every value of the query's {@code feeds}
   */
  public static Optional<Scope> of(HttpMethod method, String path, List<String> feeds) {
    if (method.equals(HttpMethod.GET) || method.equals(HttpMethod.HEAD)) {
      if (path.equals(STREAM)) {
        return Optional.of(streams(feeds.stream().flatMap(each -> Stream.of(each.split(",", -1)))));
      }
      if (path.startsWith(STREAM + "/")) {
        return Optional.of(streams(Stream.of(path.substring(STREAM.length() + 1))));
      }
      return INTERFACE.matcher(path).matches() && !PROTOCOL_HEALTH.matcher(path).matches()
          ? Optional.of(Scope.CLASSIFY)
          : Optional.empty();
    }
    if (method.equals(HttpMethod.POST)) {
      if (path.equals("/v1/classify") || INFER.matcher(path).matches()) {
        return Optional.of(Scope.CLASSIFY);
      }
      if (path.equals("/v1/feedback")) {
        return Optional.of(Scope.FEEDBACK);
      }
    }
    return Optional.of(Scope.ADMIN);
  }

  private static Scope streams(Stream<String> feeds) {
    return feeds.allMatch(TEXTLESS::contains) ? Scope.CLASSIFY : Scope.TEXTS;
  }

  /** Asked again and again by those who watch the process, hence without a limit. */
  static boolean watched(String path) {
    return path.startsWith("/health/")
        || path.equals("/metrics")
        || PROTOCOL_HEALTH.matcher(path).matches();
  }
}
