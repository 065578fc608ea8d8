package dev.weir.inference.http.events;

import dev.weir.inference.http.guard.AccessHandler;
import dev.weir.inference.http.web.Json;
import dev.weir.inference.http.web.Problem;
import dev.weir.inference.meter.InferenceMeters;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code GET /v1/stream/…}: Kafka topics as server-sent events.
 *
 * <p>Belongs to the event loop. A stream begins with what is written after it was opened, with the
 * {@code ?last=} offsets before that, or after the event that {@code Last-Event-ID} names.
 */
public final class EventStreams {

  private static final Logger LOG = LoggerFactory.getLogger(EventStreams.class);

  /** Each holds a socket and the frames that wait for it. */
  private static final int MAX_CLIENTS = 100;

  /** Of them by one key, or by one address where no key is shown. */
  static final int MAX_OF_ONE = 32;

  /** One that took nothing for so long may be cut off when memory is short. */
  private static final long LONG_NANOS = 1_000_000_000;

  private final Vertx vertx;
  private final Context context;
  private final StreamBudget budget;
  private final Counter cutOff;
  private final Map<EventStream, String> open = new LinkedHashMap<>();
  private final AtomicBoolean shortage = new AtomicBoolean();
  private boolean closing;

  /** Streams of one server, all on {@code context}, within a sixteenth of the heap. */
  public EventStreams(Vertx vertx, Context context, Duration heartbeat, MeterRegistry meters) {
    this(vertx, context, heartbeat, StreamBudget.ofHeap(), meters);
  }

  /** Streams of those feeds, within the limits of the settings. */
  public EventStreams(
      Vertx vertx, Context context, Duration heartbeat, StreamBudget budget, MeterRegistry meters) {
    this.vertx = vertx;
    this.context = context;
    this.budget = budget;
    this.cutOff = InferenceMeters.LISTENERS_CUT_OFF.counter(meters);
    InferenceMeters.LISTENERS_BYTES.gauge(meters, budget::taken);
    this.vertx.setPeriodic(
        heartbeat.toMillis(), tick -> List.copyOf(open.keySet()).forEach(EventStream::heartbeat));
  }

  /** A handler that lets clients listen to one feed. */
  public Handler<RoutingContext> of(EventSource source) {
    return request -> listen(request, List.of(source));
  }

  /** A handler that lets clients listen to those of the feeds that {@code ?feeds=} names. */
  public Handler<RoutingContext> anyOf(Map<String, EventSource> offered) {
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
              429,
              "too-many-listeners",
              "%d clients listen already, at most %d may; ask another replica, or read the topic itself"
                  .formatted(open.size(), MAX_CLIENTS))
          .retryAfter(5);
    }
    String client = AccessHandler.client(request);
    long ofOne = open.values().stream().filter(client::equals).count();
    if (ofOne >= MAX_OF_ONE) {
      throw new Problem(
              429,
              "too-many-listeners",
              "%d streams are open for this key or address, at most %d may be; ask for several feeds in one stream (/v1/stream?feeds=…)"
                  .formatted(ofOne, MAX_OF_ONE))
          .retryAfter(5);
    }
    if (request.request().method().equals(HttpMethod.HEAD)) {
      Json.answer(request, 200, EventStream.TYPE, Buffer.buffer());
      return;
    }
    EventStream stream =
        new EventStream(
            request.response(),
            vertx.getOrCreateContext(),
            sources,
            before,
            budget,
            this::shortage,
            open::remove);
    open.put(stream, client);
    stream.begin(request.request().getHeader("Last-Event-ID"));
  }

  /** The budget has no room: whoever took nothing for longest is cut off; on any thread. */
  private void shortage() {
    if (shortage.compareAndSet(false, true)) {
      context.runOnContext(now -> makeRoom());
    }
  }

  private void makeRoom() {
    shortage.set(false);
    EventStream longest = null;
    long most = LONG_NANOS;
    for (EventStream each : open.keySet()) {
      long waiting = each.waitingNanos();
      if (waiting > most) {
        most = waiting;
        longest = each;
      }
    }
    if (longest != null) {
      LOG.warn(
          "a listener that took nothing for {} ms is cut off: {} bytes wait for all listeners",
          most / 1_000_000,
          budget.taken());
      cutOff.increment();
      longest.cutOff();
    }
  }

  /** Ends all streams that are open now; callable from any thread. */
  public void endAll() {
    context.runOnContext(now -> List.copyOf(open.keySet()).forEach(EventStream::end));
  }

  /** Ends all streams and takes no more; callable from any thread but the event loop. */
  public Future<Void> close() {
    Promise<Void> done = Promise.promise();
    context.runOnContext(
        now -> {
          closing = true;
          List.copyOf(open.keySet()).forEach(EventStream::end);
          done.complete();
        });
    return done.future();
  }
}
