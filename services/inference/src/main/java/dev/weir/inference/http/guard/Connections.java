package dev.weir.inference.http.guard;

import dev.weir.inference.access.Addresses;
import dev.weir.inference.http.web.Bodies;
import dev.weir.inference.http.web.Problem;
import dev.weir.inference.meter.InferenceMeters;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.SocketAddress;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Bounds how many connections are open, in all and from one address, and how long a request may
 * take to arrive.
 *
 * <p>Where there is no room for a newcomer, the connection that has waited for its client for
 * longest is closed in its favour: so whoever opens connections and says nothing keeps neither
 * health checks nor metrics out, from his own address or from another one. Only when every
 * connection is being answered is the newcomer closed.
 *
 * <p>A connection on which no request is under way is closed after a while in any case, whether it
 * is silent or sends a request's head byte by byte: soon when it has not sent a whole head since it
 * was opened, later when it is kept for further requests. Vert.x's own idle timeout would do
 * neither: it also cuts off clients whose texts wait in the queue, and each byte sets it back.
 * Belongs to the event loop.
 */
public final class Connections {

  private static final Logger LOG = LoggerFactory.getLogger(Connections.class);

  private static final int SWEEPS = 4;

  /** The first request's head has this fraction of the time that a kept connection may idle. */
  private static final int FIRST_SHARE = 6;

  /** One address may have this fraction of all connections. */
  private static final int SHARE_OF_ONE = 2;

  /** A body that took this long may be given up for a newcomer. */
  private static final long SLOW_NANOS = Bodies.SLOW_MS * 1_000_000L;

  private static final long LOG_EVERY_NANOS = 10_000_000_000L;

  private final Vertx vertx;
  private final int most;
  private final int mostOfOne;
  private final Duration idle;
  private final long firstNanos;
  private final Counter closed;
  private final IdentityHashMap<HttpConnection, State> open = new IdentityHashMap<>();
  private long logAt = System.nanoTime();

  private static final class State {

    private final String address;
    private int underWay;
    private boolean asked;
    private @Nullable HttpServerRequest arriving;
    private long waitsSince = System.nanoTime();

    State(String address) {
      this.address = address;
    }

    /** Whether it is the client's turn, and nothing is lost but what he has begun to send. */
    boolean waits(long now) {
      HttpServerRequest request = arriving;
      return underWay == 0
          || (underWay == 1
              && request != null
              && !request.isEnded()
              && now - waitsSince > SLOW_NANOS);
    }
  }

  /** Limits for at most that many connections, each closed after that long without a request. */
  public Connections(Vertx vertx, int most, Duration idle, MeterRegistry meters) {
    this.vertx = vertx;
    this.most = most;
    this.mostOfOne = Math.max(1, most / SHARE_OF_ONE);
    this.idle = idle;
    this.firstNanos = idle.toNanos() / FIRST_SHARE;
    this.closed = InferenceMeters.HTTP_REFUSED.counter(meters, "connections");
    this.vertx.setPeriodic(Math.max(1, firstNanos / 1_000_000 / SWEEPS), tick -> sweep());
  }

  /** Counts a new connection, and closes another one, or this one, where it is one too many. */
  public void opened(HttpConnection connection) {
    String address = address(connection);
    long ofOne = open.values().stream().filter(each -> each.address.equals(address)).count();
    boolean room = true;
    if (ofOne >= mostOfOne) {
      room = endOne(each -> each.address.equals(address));
    } else if (open.size() >= most) {
      room = endOne(each -> true);
    }
    if (room) {
      open.put(connection, new State(address));
      connection.closeHandler(gone -> open.remove(connection));
    } else {
      // Not answered: that would take what is short.
      tooMany(address);
      close(connection);
    }
  }

  /** Closes the connection that has waited for its client for longest; false if none does. */
  private boolean endOne(Predicate<State> which) {
    long now = System.nanoTime();
    HttpConnection longest = null;
    State waiting = null;
    for (Map.Entry<HttpConnection, State> each : open.entrySet()) {
      State state = each.getValue();
      if (which.test(state)
          && state.waits(now)
          && (waiting == null || state.waitsSince - waiting.waitsSince < 0)) {
        longest = each.getKey();
        waiting = state;
      }
    }
    if (longest == null || waiting == null) {
      return false;
    }
    open.remove(longest);
    tooMany(waiting.address);
    close(longest);
    return true;
  }

  private void tooMany(String address) {
    closed.increment();
    long now = System.nanoTime();
    if (now - logAt >= 0) {
      logAt = now + LOG_EVERY_NANOS;
      LOG.warn(
          "closed a connection of {}: {} are open, at most {} may be, {} of one address (WEIR_HTTP_CONNECTIONS)",
          address,
          open.size(),
          most,
          mostOfOne);
    }
  }

  private static String address(HttpConnection connection) {
    SocketAddress remote = connection.remoteAddress();
    String literal = remote == null ? null : remote.hostAddress();
    return literal == null ? "unknown" : Addresses.client(literal);
  }

  private void sweep() {
    long now = System.nanoTime();
    List.copyOf(open.entrySet()).stream()
        .filter(each -> each.getValue().underWay == 0)
        .filter(each -> now - each.getValue().waitsSince > patience(each.getValue()))
        .forEach(each -> close(each.getKey()));
  }

  private long patience(State state) {
    return state.asked ? idle.toNanos() : firstNanos;
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
        state.asked = true;
        state.arriving = context.request();
        state.waitsSince = System.nanoTime();
      }
      long timer = vertx.setTimer(Math.max(1, idle.toMillis()), late -> late(context));
      context.addEndHandler(
          done -> {
            vertx.cancelTimer(timer);
            if (state != null) {
              state.underWay--;
              state.arriving = null;
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
