package dev.weir.inference.http.guard;

import dev.weir.inference.access.Addresses;
import dev.weir.inference.access.ApiKey;
import dev.weir.inference.access.KeyRing;
import dev.weir.inference.access.RateLimits;
import dev.weir.inference.access.Scope;
import dev.weir.inference.http.web.BoundedParser;
import dev.weir.inference.http.web.HttpConfig;
import dev.weir.inference.http.web.Problem;
import dev.weir.inference.meter.InferenceMeters;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Handler;
import io.vertx.core.net.SocketAddress;
import io.vertx.ext.web.RoutingContext;
import java.util.Optional;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets a request go on when its client may ask for this, and not too often. Runs on the event loop,
 * before a body is read.
 *
 * <p>401 without a key that is known, 403 without the scope (RFC 6750), 429 over the limit: per
 * key, and per address where no known key is shown, so that guessing is limited too. Where no keys
 * are configured everybody may ask for everything.
 */
public final class AccessHandler implements Handler<RoutingContext> {

  private static final Logger LOG = LoggerFactory.getLogger(AccessHandler.class);
  private static final String SCHEME = "bearer ";
  private static final String KEY = "weir.key";
  private static final String CLIENT = "weir.client";
  private static final String TEXTS = "weir.texts";

  /** Longer than any key; nothing longer is worth a digest. */
  private static final int LONGEST_KEY = 512;

  private final @Nullable KeyRing ring;
  private final @Nullable RateLimits limits;
  private final MeterRegistry meters;

  AccessHandler(HttpConfig config, MeterRegistry meters) {
    this.ring = config.keys().orElse(null);
    this.limits =
        config.rate() > 0
            ? new RateLimits(config.rate(), Math.max(1, config.burst()), BoundedParser.MOST_TEXTS)
            : null;
    this.meters = meters;
  }

  @Override
  public void handle(RoutingContext context) {
    String path = context.normalizedPath();
    Optional<String> shown = shown(context);
    @Nullable ApiKey key =
        ring == null ? null : shown.flatMap(each -> ring.keys().match(each)).orElse(null);
    String client = key == null ? address(context) : "key " + key.name();
    context.put(CLIENT, client);
    RateLimits limited = limits;
    if (limited != null && !RequiredScope.watched(path)) {
      String shownAs = key == null ? "your address" : client;
      limit(limited.take(client), shownAs);
      IntConsumer texts = count -> limit(limited.more(client, count - 1), shownAs);
      context.put(TEXTS, texts);
    }
    if (key != null) {
      context.put(KEY, key);
    }
    Optional<Scope> wanted =
        RequiredScope.of(
            context.request().method(), path, context.request().params().getAll("feeds"));
    if (ring != null && wanted.isPresent()) {
      require(context, key, wanted.get(), shown.isPresent());
    }
    context.next();
  }

  private void limit(int seconds, String client) {
    if (seconds > 0) {
      throw refused(
          "rate-limited",
          new Problem(
                  429,
                  "rate-limited",
                  "more texts than %s may send (WEIR_HTTP_RATE); go on after %d s"
                      .formatted(client, seconds))
              .retryAfter(seconds));
    }
  }

  /**
   * Takes note of how many texts a request has, on any thread; throws a {@link Problem} (429) when
   * they are more than its client may send now.
   */
  public static IntConsumer texts(RoutingContext context) {
    return context.<Object>get(TEXTS) instanceof IntConsumer texts ? texts : count -> {};
  }

  /** Who asks: the key's name where one is shown that is known, else the address. */
  public static String client(RoutingContext context) {
    return context.<Object>get(CLIENT) instanceof String client ? client : "unknown";
  }

  /**
   * Who gives feedback, where a key says so: curation's limits per source then hold for it. Keys of
   * scope admin speak for others, and name them.
   */
  public static Optional<String> source(RoutingContext context) {
    return Optional.ofNullable(context.<ApiKey>get(KEY))
        .filter(key -> !key.allows(Scope.ADMIN))
        .map(ApiKey::name);
  }

  private void require(
      RoutingContext context, @Nullable ApiKey key, Scope wanted, boolean anyShown) {
    if (key == null) {
      context
          .response()
          .putHeader(
              "WWW-Authenticate",
              anyShown
                  ? "Bearer realm=\"weir\", error=\"invalid_token\""
                  : "Bearer realm=\"weir\"");
      throw refused(
          anyShown ? "unknown-key" : "no-key",
          new Problem(
              401,
              anyShown ? "unknown-key" : "key-required",
              (anyShown
                      ? "the key is not known here; check it, or have one made"
                      : "this needs an API key of scope '" + wanted.word() + "'; send one")
                  + " (Authorization: Bearer …, weir keys new)"));
    }
    if (!key.allows(wanted)) {
      context
          .response()
          .putHeader(
              "WWW-Authenticate",
              "Bearer realm=\"weir\", error=\"insufficient_scope\", scope=\""
                  + wanted.word()
                  + "\"");
      throw refused(
          "scope",
          new Problem(
              403,
              "scope-missing",
              "key '%s' is not good for scope '%s'; ask with one that is"
                  .formatted(key.name(), wanted.word())));
    }
    if (wanted == Scope.ADMIN) {
      LOG.info(
          "key {} from {}: {} {}",
          key.name(),
          address(context),
          context.request().method(),
          context.normalizedPath());
    }
  }

  private Problem refused(String reason, Problem problem) {
    InferenceMeters.HTTP_REFUSED.counter(meters, reason).increment();
    return problem;
  }

  private static Optional<String> shown(RoutingContext context) {
    String header = context.request().getHeader("Authorization");
    if (header == null
        || header.length() > LONGEST_KEY
        || !header.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
      return Optional.empty();
    }
    return Optional.of(header.substring(SCHEME.length()).strip());
  }

  private static String address(RoutingContext context) {
    SocketAddress remote = context.request().remoteAddress();
    String literal = remote == null ? null : remote.hostAddress();
    return literal == null ? "unknown" : Addresses.client(literal);
  }
}
