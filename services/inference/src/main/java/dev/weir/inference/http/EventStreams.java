package dev.weir.inference.http;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * {@code GET /v1/stream/…}: Kafka topics as server-sent events.
 *
 * <p>Belongs to the event loop. A stream begins with what is written after it was opened, with the
 * {@code ?last=} offsets before that, or after the event that {@code Last-Event-ID} names.
 */
final class EventStreams {

  /** Each holds a socket and the frames that wait for it. */
  private static final int MAX_CLIENTS = 100;

  private final Vertx vertx;
  private final Context context;
  private final Set<EventStream> open = new LinkedHashSet<>();
  private boolean closing;

  /** Streams of one server, all on {@code context}. */
  EventStreams(Vertx vertx, Context context, Duration heartbeat) {
    this.vertx = vertx;
    this.context = context;
    this.vertx.setPeriodic(
        heartbeat.toMillis(), tick -> List.copyOf(open).forEach(EventStream::heartbeat));
  }

  /** A handler that lets clients listen to one feed. */
  Handler<RoutingContext> of(EventSource source) {
    return request -> listen(request, List.of(source));
  }

  /** A handler that lets clients listen to those of the feeds that {@code ?feeds=} names. */
  Handler<RoutingContext> anyOf(Map<String, EventSource> offered) {
    return request -> listen(request, EventQuery.feeds(request, offered));
  }

  private void listen(RoutingContext request, List<EventSource> sources) {
    int before = EventQuery.last(request);
    if (closing) {
      throw new Problem(503, "closing", "this process is closing; ask another replica")
          .retryAfter(1);
    }
    if (open.size() >= MAX_CLIENTS) {
      throw new Problem(
              503,
              "too-many-listeners",
              "%d clients listen already, at most %d may; ask another replica, or read the topic itself"
                  .formatted(open.size(), MAX_CLIENTS))
          .retryAfter(5);
    }
    EventStream stream =
        new EventStream(
            request.response(), vertx.getOrCreateContext(), sources, before, open::remove);
    open.add(stream);
    stream.begin(request.request().getHeader("Last-Event-ID"));
  }

  /** Ends all streams that are open now; callable from any thread. */
  void endAll() {
    context.runOnContext(now -> List.copyOf(open).forEach(EventStream::end));
  }

  /** Ends all streams and takes no more; callable from any thread but the event loop. */
  Future<Void> close() {
    Promise<Void> done = Promise.promise();
    context.runOnContext(
        now -> {
          closing = true;
          List.copyOf(open).forEach(EventStream::end);
          done.complete();
        });
    return done.future();
  }
}
