package dev.weir.inference.http;

import dev.weir.common.ops.Health;
import dev.weir.common.ops.Metrics;
import dev.weir.common.ops.PortInUseException;
import dev.weir.inference.control.AdapterControl;
import dev.weir.inference.score.Classifier;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.WorkerExecutor;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import java.net.BindException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The HTTP interface of the inference service.
 *
 * <p>One event loop takes requests and writes answers; whatever may take longer than a millisecond
 * (parsing, tokenising, Kafka, rendering metrics) runs on worker threads {@code http-worker-n}, and
 * the model on the scorers. {@link #close} takes no new connections and returns when the requests
 * in flight are answered.
 */
public final class HttpApi implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(HttpApi.class);

  private static final long BODY_LIMIT = 8L << 20;
  private static final int WORKERS = 4;
  private static final int START_SECONDS = 30;
  private static final int DRAIN_SECONDS = 30;

  private final String host;
  private final int wantedPort;
  private final Parts parts;
  private @Nullable Vertx vertx;
  private @Nullable HttpServer server;

  /**
   * What the endpoints show and use.
   *
   * @param baseDigest sha-256 (hex) of the base model's weight file
   */
  public record Parts(
      Classifier classifier,
      AdaptersView adapters,
      AdapterControl control,
      FeedbackPublisher feedback,
      Health health,
      Metrics metrics,
      String baseDigest) {}

  /** A server for that address; port 0 takes a free one. */
  public HttpApi(String host, int port, Parts parts) {
    this.host = host;
    this.wantedPort = port;
    this.parts = parts;
  }

  /**
   * Starts to serve.
   *
   * @throws PortInUseException if another process has the port
   */
  public synchronized void start() {
    if (server != null) {
      return;
    }
    Vertx opened =
        Vertx.vertx(
            new VertxOptions()
                .setEventLoopPoolSize(1)
                .setWorkerPoolSize(1)
                .setFileSystemOptions(
                    new FileSystemOptions()
                        .setFileCachingEnabled(false)
                        .setClassPathResolvingEnabled(false)));
    WorkerExecutor workers = opened.createSharedWorkerExecutor("http-worker", WORKERS);
    HttpServer created =
        opened
            .createHttpServer(new HttpServerOptions().setTcpNoDelay(true))
            .requestHandler(routes(opened, workers));
    try {
      server = await(created.listen(wantedPort, host), START_SECONDS);
      vertx = opened;
    } catch (ExecutionException e) {
      end(opened);
      if (e.getCause() instanceof BindException inUse) {
        throw new PortInUseException(wantedPort, "--port (WEIR_HTTP_PORT)", inUse);
      }
      throw new IllegalStateException(
          "cannot listen on " + host + ":" + wantedPort + ": " + e.getCause(), e.getCause());
    } catch (TimeoutException | InterruptedException e) {
      end(opened);
      throw new IllegalStateException("cannot listen on " + host + ":" + wantedPort, e);
    }
    LOG.info("serving on http://{}:{}", host, port());
  }

  /** The port in use; only after the start. */
  public synchronized int port() {
    return server == null ? wantedPort : server.actualPort();
  }

  private Router routes(Vertx opened, WorkerExecutor workers) {
    Router router = Router.router(opened);
    BodyHandler body = BodyHandler.create(false).setBodyLimit(BODY_LIMIT);
    router
        .post("/v1/classify")
        .handler(body)
        .handler(new ClassifyHandler(parts.classifier(), parts.baseDigest(), workers));
    router
        .post("/v1/feedback")
        .handler(body)
        .handler(new FeedbackHandler(parts.feedback(), workers));
    ControlHandler.register(
        router, body, parts.control(), opened.createSharedWorkerExecutor("control-worker", 1));
    router.get("/v1/adapters").handler(at -> Json.answer(at, 200, parts.adapters().all()));
    router.get("/v1/adapters/:name").handler(this::adapter);
    router.get("/health/live").handler(at -> health(at, Health::live));
    router.get("/health/ready").handler(at -> health(at, Health::ready));
    router.get("/metrics").handler(at -> metrics(at, workers));
    router.get("/").handler(HttpApi::index);
    Problems problems = new Problems();
    Problems.STATUSES.forEach(status -> router.errorHandler(status, problems));
    return router;
  }

  private void adapter(RoutingContext context) {
    String name = context.pathParam("name");
    AdaptersView.Adapter adapter =
        parts
            .adapters()
            .one(name)
            .orElseThrow(
                () ->
                    new Problem(
                        404,
                        "unknown-adapter",
                        "there is no adapter '" + name + "'; GET /v1/adapters lists them"));
    Json.answer(context, 200, adapter);
  }

  private void health(RoutingContext context, Predicate<Health> check) {
    boolean ok = check.test(parts.health());
    Json.answer(context, ok ? 200 : 503, parts.health().report(ok));
  }

  private void metrics(RoutingContext context, WorkerExecutor workers) {
    workers
        .executeBlocking(() -> Buffer.buffer(parts.metrics().scrape()), false)
        .onSuccess(
            text -> Json.answer(context, 200, "text/plain; version=0.0.4; charset=utf-8", text))
        .onFailure(context::fail);
  }

  private static void index(RoutingContext context) {
    Json.answer(
        context,
        200,
        Map.of(
            "name",
            "weir inference",
            "endpoints",
            List.of(
                "POST /v1/classify",
                "POST /v1/feedback",
                "GET /v1/adapters",
                "GET /v1/adapters/{name}",
                ControlHandler.ENDPOINTS,
                "GET /health/live",
                "GET /health/ready",
                "GET /metrics")));
  }

  private static <T> T await(Future<T> future, int seconds)
      throws ExecutionException, TimeoutException, InterruptedException {
    return future.toCompletionStage().toCompletableFuture().get(seconds, TimeUnit.SECONDS);
  }

  @Override
  public synchronized void close() {
    if (server != null && vertx != null) {
      try {
        await(server.shutdown(DRAIN_SECONDS, TimeUnit.SECONDS), DRAIN_SECONDS + 5);
      } catch (ExecutionException | TimeoutException e) {
        LOG.warn("not every request in flight was answered within {} s", DRAIN_SECONDS, e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      end(vertx);
      server = null;
      vertx = null;
    }
  }

  private static void end(Vertx opened) {
    try {
      await(opened.close(), START_SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      LOG.warn("closing Vert.x failed", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
