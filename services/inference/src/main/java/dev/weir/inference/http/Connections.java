package dev.weir.inference.http;

import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.IdentityHashMap;
import java.util.List;

/**
 * Bounds how many connections are open, and how long a request may take to arrive.
 *
 * <p>A connection on which no request is under way is closed after a while, whether it is silent or
 * sends a request's head byte by byte. Vert.x's own idle timeout would do neither: it also cuts off
 * clients whose texts wait in the queue, and each byte sets it back. Belongs to the event loop.
 */
final class Connections {

  private static final int SWEEPS = 4;

  private final Vertx vertx;
  private final int most;
  private final Duration idle;
  private final IdentityHashMap<HttpConnection, State> open = new IdentityHashMap<>();

  private static final class State {
    private int underWay;
    private long waitsSince = System.nanoTime();
  }

  Connections(Vertx vertx, int most, Duration idle) {
    this.vertx = vertx;
    this.most = most;
    this.idle = idle;
    this.vertx.setPeriodic(Math.max(1, idle.toMillis() / SWEEPS), tick -> sweep());
  }

  /** Counts a new connection, or closes it when it is one too many. */
  void opened(HttpConnection connection) {
    open.put(connection, new State());
    connection.closeHandler(gone -> open.remove(connection));
    if (open.size() > most) {
      // Not answered: that would take what is short.
      close(connection);
    }
  }

  private void sweep() {
    long now = System.nanoTime();
    List.copyOf(open.entrySet()).stream()
        .filter(each -> each.getValue().underWay == 0)
        .filter(each -> now - each.getValue().waitsSince > idle.toNanos())
        .forEach(each -> close(each.getKey()));
  }

  private static void close(HttpConnection connection) {
    connection.close().onFailure(gone -> {});
  }

  /** Goes before all others: knows of each request, and ends those whose body comes too slowly. */
  Handler<RoutingContext> watch() {
    return context -> {
      State state = open.get(context.request().connection());
      if (state != null) {
        state.underWay++;
      }
      long timer = vertx.setTimer(Math.max(1, idle.toMillis()), late -> late(context));
      context.addEndHandler(
          done -> {
            vertx.cancelTimer(timer);
            if (state != null) {
              state.underWay--;
              state.waitsSince = System.nanoTime();
            }
          });
      context.next();
    };
  }

  private void late(RoutingContext context) {
    if (!context.request().isEnded() && !context.response().ended()) {
      context.response().putHeader("Connection", "close");
      context.fail(
          new Problem(
              408,
              "request-timeout",
              "the body did not arrive within %d ms; send less at once"
                  .formatted(idle.toMillis())));
    }
  }
}
