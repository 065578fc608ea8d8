package dev.weir.inference.http;

import dev.weir.common.ops.Health;
import dev.weir.inference.feed.Feeds;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.WorkerExecutor;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Route;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
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

  private static final long BODY_LIMIT = 8L << 20;

  private final Router router;
  private final HttpApi.Parts parts;
  private final Workers workers;
  private final Workers lineages;
  private final BodyHandler body = BodyHandler.create(false).setBodyLimit(BODY_LIMIT);

  private Routes(Router router, HttpApi.Parts parts, Workers workers, Workers lineages) {
    this.router = router;
    this.parts = parts;
    this.workers = workers;
    this.lineages = lineages;
  }

  /**
   * A router for all paths.
   *
   * @param lineages reads from the store, which may hang: nothing else may wait for that
   */
  static Router of(
      Vertx vertx,
      HttpApi.Parts parts,
      Gate gate,
      Workers workers,
      WorkerExecutor controls,
      Workers lineages,
      EventStreams streams) {
    Routes routes = new Routes(Router.router(vertx), parts, workers, lineages);
    RoutePatterns patterns = new RoutePatterns(routes.router);
    routes.router.route().handler(new RequestMeters(parts.metrics().registry(), patterns));
    routes.router.route().handler(new RequestTraces(parts.metrics().tracing(), patterns));
    gate.before(routes.router);
    routes.weir();
    ControlHandler.register(routes.router, routes.body, parts.control(), controls);
    routes.streams(streams);
    routes.protocol();
    routes.operations();
    Problems problems = new Problems();
    Problems.STATUSES.forEach(status -> routes.router.errorHandler(status, problems));
    return routes.router;
  }

  private void weir() {
    post(
        "/v1/classify",
        new ClassifyHandler(parts.classifier(), parts.shadows(), parts.baseDigest(), workers));
    post("/v1/feedback", new FeedbackHandler(parts.feedback(), parts.catalog(), workers));
    get("/v1/adapters", at -> Json.answer(at, 200, parts.adapters().all()));
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
            workers);
    get("/v2", v2::server);
    get("/v2/health/live", v2::live);
    get("/v2/health/ready", v2::ready);
    for (String model : List.of("/v2/models/:adapter", "/v2/models/:adapter/versions/:version")) {
      get(model, v2::model);
      get(model + "/ready", v2::modelReady);
      post(model + "/infer", v2::infer);
    }
  }

  private void operations() {
    get("/health/live", at -> health(at, Health::live));
    get("/health/ready", at -> health(at, Health::ready));
    get("/metrics", this::metrics);
    get("/openapi.yaml", new OpenApiDocument()::serve);
    ConsoleAssets assets = new ConsoleAssets();
    get("/console/:file", assets::serve);
    get("/", at -> index(at, assets));
  }

  private void get(String path, Handler<RoutingContext> handler) {
    router.get(path).handler(handler);
  }

  private void post(String path, Handler<RoutingContext> handler) {
    router.post(path).handler(body).handler(handler);
  }

  /** The routes as {@code GET /v1/adapters/{name}}, in the order of their registration. */
  static Stream<String> named(Router router) {
    return router.getRoutes().stream()
        .filter(route -> route.getPath() != null) // What stands in front of all is no endpoint.
        .flatMap(route -> route.methods().stream().map(method -> named(method, route)));
  }

  private static String named(HttpMethod method, Route route) {
    return method + " " + pattern(route.getPath());
  }

  /** A route's path as {@code /v1/adapters/{name}}. */
  static String pattern(String path) {
    return path.replaceAll(":(\\w+)", "{$1}");
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

  private void health(RoutingContext context, Predicate<Health> check) {
    boolean ok = check.test(parts.health());
    Json.answer(context, ok ? 200 : 503, parts.health().report(ok));
  }

  private void metrics(RoutingContext context) {
    workers
        .call(() -> Buffer.buffer(parts.metrics().scrape()))
        .onSuccess(
            text -> Json.answer(context, 200, "text/plain; version=0.0.4; charset=utf-8", text))
        .onFailure(context::fail);
  }

  /** One version with its manifest, which is read from the store. */
  private void lineage(RoutingContext context) {
    String name = context.pathParam("name");
    String version = context.pathParam("version");
    lineages
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
