package dev.weir.inference.http;

import dev.weir.inference.feed.TopicFeed;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * {@code GET /v1/stream/…}: Kafka topics as server-sent events.
 *
 * <p>Belongs to the event loop. A stream begins with what is written after it was opened, or after
 * the event that {@code Last-Event-ID} names.
 */
final class EventStreams {

  /** Each holds a socket and up to {@link EventStream#BUFFER} frames. */
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

  /** A handler that lets clients listen to {@code feed}. */
  Handler<RoutingContext> of(TopicFeed feed, EventFrame.Naming naming) {
    return request -> listen(request, feed, naming);
  }

  private void listen(RoutingContext request, TopicFeed feed, EventFrame.Naming naming) {
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
        new EventStream(request.response(), vertx.getOrCreateContext(), naming, open::remove);
    open.add(stream);
    stream.begin(feed.listen(request.request().getHeader("Last-Event-ID"), stream));
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
