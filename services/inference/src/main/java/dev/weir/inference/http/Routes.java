package dev.weir.inference.http;

import dev.weir.contract.event.EventJson;
import dev.weir.inference.feed.Feeds;
import dev.weir.inference.http.admin.ControlHandler;
import dev.weir.inference.http.classify.ClassifyHandler;
import dev.weir.inference.http.classify.InferenceProtocol;
import dev.weir.inference.http.events.EventFrame;
import dev.weir.inference.http.events.EventSource;
import dev.weir.inference.http.events.EventStreams;
import dev.weir.inference.http.guard.Gate;
import dev.weir.inference.http.web.Bodies;
import dev.weir.inference.http.web.Json;
import dev.weir.inference.http.web.Parsers;
import dev.weir.inference.http.web.Problem;
import dev.weir.inference.http.web.RequestMeters;
import dev.weir.inference.http.web.RequestTraces;
import dev.weir.inference.http.web.RoutePatterns;
import dev.weir.inference.http.web.Workers;
import dev.weir.service.ops.Health;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Route;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Every path that is served, in one place. A test holds {@code openapi.yaml} to exactly these.
 *
 * <p>Handlers run on the event loop.
 */
final class Routes {

  /** 2026-11-30: since then they are on a port of their own (WEIR_OPS_PORT). */
  private static final String OPERATIONS_DEPRECATED = "@1795996800";

  private final Router router;
  private final HttpApi.Parts parts;
  private final Pools pools;
  private final Bodies bodies;

  private Routes(Router router, HttpApi.Parts parts, Pools pools, Bodies bodies) {
    this.router = router;
    this.parts = parts;
    this.pools = pools;
    this.bodies = bodies;
  }

  /**
   * Threads by the kind of work, so that none waits for what another one waits for.
   *
   * @param classification parses and tokenises
   * @param feedback waits for Kafka
   * @param metrics renders them: monitoring must work when all else does not
   * @param views renders what may be large
   * @param lineages reads from the store, which may hang
   * @param controls waits for Kafka and the store
   */
  record Pools(
      Parsers classification,
      Workers feedback,
      Workers metrics,
      Workers views,
      Workers lineages,
      Workers controls) {

    static Pools of(Vertx vertx) {
      return new Pools(
          Parsers.of(vertx),
          new Workers(vertx, "feedback-worker", 2, "Kafka to take their feedback", 64),
          new Workers(vertx, "metrics-worker", 1, "the metrics", 16),
          new Workers(vertx, "view-worker", 1, "the list of adapters", 16),
          new Workers(vertx, "lineage-worker", 1, "the store", 16),
          new Workers(vertx, "control-worker", 1, "a change of who serves", 2));
    }
  }

  /** A router for all paths. */
  static Router of(
      Vertx vertx,
      HttpApi.Parts parts,
      Gate gate,
      Pools pools,
      Bodies bodies,
      EventStreams streams) {
    Routes routes = new Routes(Router.router(vertx), parts, pools, bodies);
    RoutePatterns patterns = new RoutePatterns(routes.router);
    routes.router.route().handler(new RequestMeters(parts.metrics().registry(), patterns));
    routes.router.route().handler(new RequestTraces(parts.metrics().tracing(), patterns));
    gate.before(routes.router);
    routes.weir();
    ControlHandler.register(
        routes.router, bodies.upTo(ControlHandler.MOST_BYTES), parts.control(), pools.controls());
    routes.streams(streams);
    routes.protocol();
    routes.operations();
    Problems problems = new Problems(patterns);
    Problems.STATUSES.forEach(status -> routes.router.errorHandler(status, problems));
    return routes.router;
  }

  private void weir() {
    post(
        "/v1/classify",
        Bodies.MOST,
        new ClassifyHandler(
            parts.classifier(), parts.shadows(), parts.baseDigest(), pools.classification()));
    post(
        "/v1/feedback",
        FeedbackHandler.MOST_BYTES,
        new FeedbackHandler(parts.feedback(), parts.catalog(), pools.feedback()));
    get("/v1/adapters", this::adapters);
    get("/v1/adapters/:name", this::adapter);
    get("/v1/adapters/:name/versions/:version", this::lineage);
  }

  private void streams(EventStreams streams) {
    Map<String, EventSource> offered = new LinkedHashMap<>();
    for (EventSource source : sources(parts.feeds())) {
      offered.put(source.name(), source);
    }
    get("/v1/stream", streams.anyOf(offered));
    for (String alone : List.of("classifications", "adapters", "training", "label-requests")) {
      get("/v1/stream/" + alone, streams.of(Objects.requireNonNull(offered.get(alone))));
    }
  }

  private static List<EventSource> sources(Feeds feeds) {
    return List.of(
        new EventSource("reviews", feeds.reviews(), EventFrame.always("review")),
        new EventSource(
            "classifications", feeds.classifications(), EventFrame.always("classification")),
        new EventSource(
            "label-requests", feeds.labelRequests(), EventFrame.always("label-request")),
        new EventSource("examples", feeds.examples(), EventFrame.always("example")),
        new EventSource("batches", feeds.batches(), EventFrame.always("batch")),
        new EventSource("training", feeds.training(), EventFrame.always("training")),
        new EventSource("adapters", feeds.adapters(), EventFrame::ofAdapters));
  }

  private void protocol() {
    InferenceProtocol v2 =
        new InferenceProtocol(
            parts.adapters(),
            parts.classifier(),
            parts.shadows(),
            parts.health(),
            parts.baseDigest(),
            pools.classification());
    get("/v2", v2::server);
    get("/v2/health/live", v2::live);
    get("/v2/health/ready", v2::ready);
    for (String model : List.of("/v2/models/:adapter", "/v2/models/:adapter/versions/:version")) {
      get(model, v2::model);
      get(model + "/ready", v2::modelReady);
      post(model + "/infer", Bodies.MOST, v2::infer);
    }
  }

  private void operations() {
    get("/health/live", at -> health(old(at), Health::live));
    get("/health/ready", at -> health(old(at), Health::ready));
    get("/metrics", at -> metrics(old(at)));
    get("/openapi.yaml", new OpenApiDocument()::serve);
    ConsoleAssets assets = new ConsoleAssets();
    get("/console/:file", assets::serve);
    get("/", at -> index(at, assets));
  }

  /** A HEAD is answered as a GET, without the body (RFC 9110, 9.1). */
  private void get(String path, Handler<RoutingContext> handler) {
    router.route(path).method(HttpMethod.GET).method(HttpMethod.HEAD).handler(handler);
  }

  private void post(String path, int most, Handler<RoutingContext> handler) {
    router.post(path).handler(bodies.upTo(most)).handler(handler);
  }

  /** The routes as {@code GET /v1/adapters/{name}}, in the order of their registration. */
  static Stream<String> named(Router router) {
    return router.getRoutes().stream()
        .filter(route -> route.getPath() != null) // What stands in front of all is no endpoint.
        .flatMap(
            route ->
                route.methods().stream()
                    .filter(method -> !method.equals(HttpMethod.HEAD)) // Goes without saying.
                    .map(method -> named(method, route)));
  }

  private static String named(HttpMethod method, Route route) {
    return method + " " + RoutePatterns.pattern(route.getPath());
  }

  /** All adapters, whose number nothing bounds but the topic: rendered off the event loop. */
  private void adapters(RoutingContext context) {
    pools
        .views()
        .call(() -> Buffer.buffer(EventJson.write(parts.adapters().all())))
        .onSuccess(all -> Json.answer(context, 200, "application/json", all))
        .onFailure(context::fail);
  }

  private void adapter(RoutingContext context) {
    String name = context.pathParam("name");
    Json.answer(
        context,
        200,
        parts
            .adapters()
            .one(name)
            .orElseThrow(
                () ->
                    new Problem(
                        404,
                        "unknown-adapter",
                        "there is no adapter '" + name + "'; GET /v1/adapters lists them")));
  }

  /** Says that these are served elsewhere, and here for one more version (RFC 9745). */
  private static RoutingContext old(RoutingContext context) {
    context.response().putHeader("Deprecation", OPERATIONS_DEPRECATED);
    return context;
  }

  private void health(RoutingContext context, Predicate<Health> check) {
    boolean ok = check.test(parts.health());
    Json.answer(context, ok ? 200 : 503, parts.health().report(ok));
  }

  private void metrics(RoutingContext context) {
    pools
        .metrics()
        .call(() -> Buffer.buffer(parts.metrics().scrape()))
        .onSuccess(
            text -> Json.answer(context, 200, "text/plain; version=0.0.4; charset=utf-8", text))
        .onFailure(context::fail);
  }

  /** One version with its manifest, which is read from the store. */
  private void lineage(RoutingContext context) {
    String name = context.pathParam("name");
    String version = context.pathParam("version");
    pools
        .lineages()
        .call(() -> parts.adapters().lineage(name, version))
        .onSuccess(lineage -> Json.answer(context, 200, lineage))
        .onFailure(context::fail);
  }

  /** The console for browsers, the list of endpoints for all others. */
  private void index(RoutingContext context, ConsoleAssets assets) {
    context.response().putHeader("Vary", "Accept");
    String accepted = context.request().getHeader("Accept");
    if (accepted != null && accepted.contains("text/html")) {
      assets.page(context);
    } else {
      Json.answer(
          context, 200, Map.of("name", "weir inference", "endpoints", named(router).toList()));
    }
  }
}
