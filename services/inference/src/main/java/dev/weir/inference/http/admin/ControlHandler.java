package dev.weir.inference.http.admin;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.inference.control.AdapterControl;
import dev.weir.inference.control.ControlException;
import dev.weir.inference.control.ControlResult;
import dev.weir.inference.http.web.Bodies;
import dev.weir.inference.http.web.Json;
import dev.weir.inference.http.web.Problem;
import dev.weir.inference.http.web.Workers;
import io.vertx.core.Handler;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import org.jspecify.annotations.Nullable;

/**
 * {@code POST /v1/adapters/{name}/promote|rollback|pin|unpin|canary|shadow|threshold}: 202 once
 * Kafka has the change, or when it holds already.
 *
 * <p>Controls run on a worker thread of their own, one at a time: they wait for Kafka and the
 * store.
 */
public final class ControlHandler {

  /** A few numbers; small enough to be parsed on the event loop. */
  public static final int MOST_BYTES = 16 << 10;

  private final AdapterControl control;
  private final Workers worker;

  private ControlHandler(AdapterControl control, Workers worker) {
    this.control = control;
    this.worker = worker;
  }

  /** What a request asks for. */
  @FunctionalInterface
  private interface Control {
    ControlResult apply(String adapter, ObjectNode body);
  }

  /** Adds the endpoints to a router. */
  public static void register(
      Router router, Handler<RoutingContext> body, AdapterControl control, Workers worker) {
    ControlHandler handler = new ControlHandler(control, worker);
    handler.route(router, body, "promote", handler::promote);
    handler.route(
        router,
        body,
        "rollback",
        (adapter, given) -> control.rollBack(adapter, optionalVersion(given, "to")));
    handler.route(
        router,
        body,
        "pin",
        (adapter, given) -> control.pin(adapter, optionalVersion(given, "version")));
    handler.route(router, body, "unpin", (adapter, given) -> control.unpin(adapter));
    handler.route(router, body, "canary", handler::canary);
    handler.route(router, body, "shadow", handler::shadow);
    handler.route(
        router,
        body,
        "threshold",
        (adapter, given) -> control.threshold(adapter, number(given, "abstainBelow")));
  }

  private void route(Router router, Handler<RoutingContext> body, String verb, Control wanted) {
    router.post("/v1/adapters/:name/" + verb).handler(body).handler(handler(wanted));
  }

  private Handler<RoutingContext> handler(Control wanted) {
    return context -> {
      Json.require(context);
      byte[] bytes = Bodies.of(context);
      ObjectNode body = Json.object(bytes.length == 0 ? new byte[] {'{', '}'} : bytes);
      String adapter = context.pathParam("name");
      worker
          .call(() -> apply(wanted, adapter, body))
          .onSuccess(result -> Json.answer(context, 202, result))
          .onFailure(context::fail);
    };
  }

  private static ControlResult apply(Control wanted, String adapter, ObjectNode body) {
    try {
      return wanted.apply(adapter, body);
    } catch (ControlException e) {
      throw problem(e);
    }
  }

  private ControlResult promote(String adapter, ObjectNode body) {
    return control.promote(adapter, version(body, "version"));
  }

  private ControlResult canary(String adapter, ObjectNode body) {
    return off(body)
        ? control.canaryOff(adapter)
        : control.canary(adapter, version(body, "version"), number(body, "share"));
  }

  private ControlResult shadow(String adapter, ObjectNode body) {
    return off(body)
        ? control.shadowOff(adapter)
        : control.shadow(adapter, version(body, "version"));
  }

  private static Problem problem(ControlException e) {
    int status =
        switch (e.kind()) {
          case UNKNOWN -> 404;
          case INVALID -> 422;
          case CONFLICT -> 409;
          case UNAVAILABLE -> 503;
        };
    Problem problem = new Problem(status, e.reason(), String.valueOf(e.getMessage()), e);
    return status == 503 ? problem.retryAfter(5) : problem;
  }

  private static boolean off(ObjectNode body) {
    JsonNode off = body.get("off");
    if (off == null) {
      return false;
    }
    if (!off.isBoolean() || !off.booleanValue()) {
      throw wrongType("off", "true, or left out");
    }
    if (body.size() > 1) {
      throw new Problem(
          422,
          "ambiguous-body",
          "the body has 'off' and other fields; send {\"off\": true} alone, or leave it out");
    }
    return true;
  }

  private static int version(ObjectNode body, String field) {
    Integer version = optionalVersion(body, field);
    if (version == null) {
      throw new Problem(
          422, "missing-field", "field '" + field + "' is missing; send {\"" + field + "\": 3}");
    }
    return version;
  }

  private static @Nullable Integer optionalVersion(ObjectNode body, String field) {
    JsonNode value = body.get(field);
    if (value == null || value.isNull()) {
      return null;
    }
    return Json.integer(value).orElseThrow(() -> wrongType(field, "a version number, such as 3"));
  }

  private static double number(ObjectNode body, String field) {
    JsonNode value = body.get(field);
    if (value == null || !value.isNumber()) {
      throw wrongType(field, "a number, such as 0.1");
    }
    return value.doubleValue();
  }

  private static Problem wrongType(String field, String wanted) {
    return new Problem(422, "wrong-type", "field '" + field + "' must be " + wanted);
  }
}
