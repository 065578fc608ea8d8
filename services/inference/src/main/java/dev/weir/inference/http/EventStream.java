package dev.weir.inference.http;

import dev.weir.inference.feed.FeedListener;
import dev.weir.inference.feed.TopicFeed.Listening;
import io.vertx.core.Context;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * One client that listens to server-sent events of one feed or of several.
 *
 * <p>The feeds' threads put frames into a bounded buffer and never wait; the event loop writes them
 * as fast as the client reads. When the buffer is full, what comes is left out and counted, and the
 * client is told so before that feed's next event. A client that takes nothing between two
 * heartbeats while frames wait is cut off.
 */
final class EventStream {

  /** Frames that wait for the client, per feed; at least what a returning listener is given. */
  static final int BUFFER = 1024;

  /** Bytes that wait for the client, whatever their number: a text may have 300 KB. */
  private static final int BUFFER_BYTES = 8 << 20;

  private static final int WRITE_QUEUE_BYTES = 64 << 10;

  private final HttpServerResponse response;
  private final Context context;
  private final List<EventSource> sources;
  private final int before;
  private final int capacity;
  private final Consumer<EventStream> onEnd;
  // Guarded by the monitor of the frames.
  private final Deque<Buffer> frames = new ArrayDeque<>();
  private final EventPositions positions;
  private long waitingBytes;
  private boolean drainAsked;
  // All below belong to the event loop.
  private final List<Listening> listening = new ArrayList<>();
  private boolean ended;
  private boolean stuck;

  /**
   * A stream over a response whose head is not written yet.
   *
   * @param before how many of the last offsets of each feed the client wants where it was nowhere
   * @param onEnd called once, on the event loop, when the client has gone or was cut off
   */
  EventStream(
      HttpServerResponse response,
      Context context,
      List<EventSource> sources,
      int before,
      Consumer<EventStream> onEnd) {
    this.response = response;
    this.context = context;
    this.sources = List.copyOf(sources);
    this.before = before;
    this.capacity = sources.size() * (BUFFER + before);
    this.positions = new EventPositions(sources.stream().map(EventSource::name).toList());
    this.onEnd = onEnd;
  }

  /**
   * Begins to listen and writes the head; on the event loop.
   *
   * @param lastEventId where the client was before, or null
   */
  void begin(@Nullable String lastEventId) {
    boolean one = sources.size() == 1;
    for (EventSource source : sources) {
      String resume = EventPositions.of(lastEventId, source.name(), one);
      listening.add(source.feed().listen(resume, before, new Ear(source)));
    }
    response.closeHandler(gone -> finish());
    response.exceptionHandler(broken -> finish());
    response.drainHandler(room -> drain());
    response
        .setWriteQueueMaxSize(WRITE_QUEUE_BYTES)
        .setChunked(true)
        .putHeader("Content-Type", "text/event-stream")
        .putHeader("Cache-Control", "no-store")
        .putHeader("X-Accel-Buffering", "no");
    write(Buffer.buffer("retry: 2000\n\n"));
  }

  /** What one of the feeds tells this client; called by that feed's thread. */
  private final class Ear implements FeedListener {

    private final EventSource source;
    // Guarded by the monitor of the frames.
    private long skipped;

    Ear(EventSource source) {
      this.source = source;
    }

    @Override
    public void opened(String resume) {
      synchronized (frames) {
        positions.set(source.name(), resume);
        if (positions.known() == sources.size()) {
          add(EventFrame.listening(positions.id()));
        }
      }
      askForDrain();
    }

    @Override
    public void skipped(long offsets) {
      synchronized (frames) {
        skipped += offsets;
      }
    }

    @Override
    public void record(String resume, ConsumerRecord<byte[], byte[]> record) {
      String name = source.naming().name(record);
      if (name == null) {
        return;
      }
      synchronized (frames) {
        positions.set(source.name(), resume);
        if (frames.size() >= capacity || waitingBytes >= BUFFER_BYTES) {
          skipped++;
          return;
        }
        if (skipped > 0) {
          add(EventFrame.skipped(source.name(), skipped));
          skipped = 0;
        }
        add(EventFrame.event(positions.id(), name, record));
      }
      askForDrain();
    }
  }

  private void add(Buffer frame) {
    frames.add(frame);
    waitingBytes += frame.length();
  }

  private void askForDrain() {
    synchronized (frames) {
      if (drainAsked || frames.isEmpty()) {
        return;
      }
      drainAsked = true;
    }
    context.runOnContext(asked -> drain());
  }

  private void drain() {
    while (!ended && !response.writeQueueFull()) {
      Buffer frame;
      synchronized (frames) {
        frame = frames.poll();
        if (frame == null) {
          drainAsked = false;
          return;
        }
        waitingBytes -= frame.length();
      }
      stuck = false;
      write(frame);
    }
    synchronized (frames) {
      drainAsked = false; // The drain handler goes on, or the next frame asks in vain.
    }
  }

  /**
   * Keeps the connection open through proxies, and ends it when nobody reads; on the event loop.
   */
  void heartbeat() {
    if (ended) {
      return;
    }
    if (!response.writeQueueFull()) {
      stuck = false;
      write(EventFrame.comment("keep-alive"));
    } else if (stuck) {
      response.reset();
      finish();
    } else {
      stuck = true;
    }
  }

  /** Ends the response, so that a closing server need not wait for it; on the event loop. */
  void end() {
    if (!ended) {
      finish();
      response.end().onFailure(gone -> response.reset());
    }
  }

  private void write(Buffer frame) {
    response.write(frame).onFailure(gone -> finish());
  }

  private void finish() {
    if (!ended) {
      ended = true;
      listening.forEach(Listening::close);
      synchronized (frames) {
        frames.clear();
        waitingBytes = 0;
      }
      onEnd.accept(this);
    }
  }
}
