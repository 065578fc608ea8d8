package dev.weir.inference.http;

import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.Surrogates;
import dev.weir.inference.http.classify.InferenceProtocol;
import dev.weir.inference.http.web.Json;
import dev.weir.inference.http.web.Problem;
import dev.weir.inference.http.web.RoutePatterns;
import dev.weir.inference.http.web.WellFormed;
import dev.weir.inference.score.CallerGoneException;
import dev.weir.inference.score.OutOfOrderException;
import dev.weir.inference.score.VersionChangedException;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers failed requests with problem documents, whoever failed them. Never throws, whatever the
 * request line is.
 */
public final class Problems implements Handler<RoutingContext> {

  private static final Logger LOG = LoggerFactory.getLogger(Problems.class);

  /** Of a path, in an answer and in the log. */
  private static final int LONGEST = 200;

  /** The statuses that the router or a handler may fail with. */
  public static final List<Integer> STATUSES =
      List.of(400, 404, 405, 406, 408, 413, 414, 415, 500, 503);

  private final RoutePatterns patterns;

  /** Answers with the route that was meant where one is known. */
  public Problems(RoutePatterns patterns) {
    this.patterns = patterns;
  }

  @Override
  public void handle(RoutingContext context) {
    String path = WellFormed.path(context);
    if (context.response().ended() || context.response().closed()) {
      return; // The client has gone, or has its answer: nothing is to be said, nor logged.
    }
    Problem problem = problem(context, path, unwrapped(context.failure()));
    if (problem.status() == 405 && !context.response().headWritten()) {
      context.response().putHeader("Allow", String.join(", ", patterns.allowed(path)));
    }
    Integer retryAfter = problem.retryAfterSeconds();
    if (retryAfter != null && !context.response().headWritten()) {
      context.response().putHeader("Retry-After", retryAfter.toString());
    }
    if (protocol(path)) {
      // The protocol's own form; 422 is not among the statuses that its clients know.
      int status = problem.status() == 422 ? 400 : problem.status();
      Json.answer(context, status, Map.of("error", problem.detail()));
    } else {
      Json.answer(
          context, problem.status(), Problem.TYPE, Buffer.buffer(EventJson.write(problem.body())));
    }
  }

  /** Answers what was not taken for HTTP at all, and ends its connection. */
  static void notHttp(HttpServerRequest request) {
    Throwable cause = request.decoderResult().cause();
    Problem problem =
        cause instanceof TooLongHttpLineException
            ? new Problem(414, "uri-too-long", "the request line is over 4,096 bytes; shorten it")
            : cause instanceof TooLongHttpHeaderException
                ? new Problem(431, "head-too-large", "the headers are over 8,192 bytes; send fewer")
                : new Problem(400, "bad-request", "this is no well-formed HTTP request");
    Future<Void> ignored =
        request
            .response()
            .setStatusCode(problem.status())
            .putHeader("Content-Type", Problem.TYPE)
            .putHeader("Connection", "close")
            .end(Buffer.buffer(EventJson.write(problem.body())))
            .onComplete(done -> request.connection().close());
  }

  private static boolean protocol(String path) {
    return path.equals(InferenceProtocol.ROOT) || path.startsWith(InferenceProtocol.ROOT + "/");
  }

  private static @Nullable Throwable unwrapped(@Nullable Throwable failure) {
    Throwable cause = failure == null ? null : failure.getCause();
    return failure instanceof CompletionException && cause != null ? cause : failure;
  }

  private static Problem problem(RoutingContext context, String path, @Nullable Throwable failure) {
    if (failure instanceof Problem problem) {
      return problem;
    }
    if (failure instanceof OutOfOrderException broken) {
      return new Problem(503, broken.reason(), broken.getMessage()).retryAfter(5);
    }
    if (failure instanceof VersionChangedException changed) {
      return new Problem(503, changed.reason(), changed.getMessage()).retryAfter(1);
    }
    if (failure instanceof CallerGoneException) {
      return new Problem(408, "client-gone", "the client went away before it had its answers");
    }
    if (failure instanceof RejectedExecutionException) {
      return new Problem(503, "closing", "this process is closing; ask another replica")
          .retryAfter(1);
    }
    String asked = context.request().method() + " " + Surrogates.clip(path, LONGEST);
    return switch (context.statusCode()) {
      case 400 -> new Problem(400, "bad-request", asked + " is not well-formed");
      case 404 ->
          new Problem(404, "not-found", "there is no " + asked + "; GET / lists the endpoints");
      case 405 ->
          new Problem(
              405, "method-not-allowed", asked + " is not offered; GET / lists the endpoints");
      default -> {
        LOG.error("{} failed", asked, failure);
        yield new Problem(
            500, "internal-error", "this is a defect; the log of this process has its trace");
      }
    };
  }
}
