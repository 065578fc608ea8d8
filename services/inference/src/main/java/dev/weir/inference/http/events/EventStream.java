package dev.weir.inference.http.events;

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
 * as fast as the client reads. When the buffer is full, or the budget of all listeners is, what
 * comes is left out and counted, and the client is told so before that feed's next event. A client
 * that takes nothing between two heartbeats while frames wait is cut off.
 */
final class EventStream {

  static final String TYPE = "text/event-stream";

  /** Frames that wait for the client, per feed; at least what a returning listener is given. */
  static final int BUFFER = 1024;

  private static final int WRITE_QUEUE_BYTES = 64 << 10;

  private final HttpServerResponse response;
  private final Context context;
  private final List<EventSource> sources;
  private final int before;
  private final int capacity;
  private final StreamBudget budget;
  private final Runnable onShortage;
  private final Consumer<EventStream> onEnd;
  // Guarded by the monitor of the frames.
  private final Deque<Frame> frames = new ArrayDeque<>();
  private final EventPositions positions;
  private long waitingBytes;
  private boolean closed;
  private boolean drainAsked;
  // Written by the event loop and, when the first frame comes, by a feed's thread.
  private volatile long lastTaken = System.nanoTime();
  // All below belong to the event loop.
  private final List<Listening> listening = new ArrayList<>();
  private boolean ended;
  private boolean stuck;

  /**
   * A stream over a response whose head is not written yet.
   *
   * @param before how many of the last offsets of each feed the client wants where it was nowhere
   * @param budget of all listeners together
   * @param onShortage called on any thread when that has no room; must return at once
   * @param onEnd called once, on the event loop, when the client has gone or was cut off
   */
  EventStream(
      HttpServerResponse response,
      Context context,
      List<EventSource> sources,
      int before,
      StreamBudget budget,
      Runnable onShortage,
      Consumer<EventStream> onEnd) {
    this.response = response;
    this.context = context;
    this.sources = List.copyOf(sources);
    this.before = before;
    this.capacity = sources.size() * (BUFFER + before);
    this.budget = budget;
    this.onShortage = onShortage;
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
        .putHeader("Content-Type", TYPE)
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
          // A client that is told nothing would wait for ever: these few bytes are not refused.
          Frame listens = new Frame(EventFrame.listening(positions.id()), null);
          frames.add(listens);
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
      Buffer data = source.data(record);
      if (data == null) {
        return;
      }
      boolean shortage = false;
      synchronized (frames) {
        positions.set(source.name(), resume);
        if (frames.size() >= capacity || waitingBytes >= budget.perListener()) {
          skipped++;
          return;
        }
        Buffer head = EventFrame.id(positions.id());
        if (skipped > 0) {
          head = EventFrame.skipped(source.name(), skipped).appendBuffer(head);
        }
        if (add(new Frame(head, data))) {
          skipped = 0;
        } else {
          skipped++;
          shortage = !closed;
        }
      }
      if (shortage) {
        onShortage.run();
      } else {
        askForDrain();
      }
    }
  }

  /** A frame that waits: its data is shared with other listeners, and counted for each. */
  private record Frame(Buffer head, @Nullable Buffer data) {

    long length() {
      return head.length() + (data == null ? 0L : data.length());
    }
  }

  private boolean add(Frame frame) {
    if (closed || !budget.take(frame.length())) {
      return false;
    }
    if (frames.isEmpty()) {
      lastTaken = System.nanoTime();
    }
    frames.add(frame);
    waitingBytes += frame.length();
    return true;
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
      Frame frame;
      synchronized (frames) {
        frame = frames.poll();
        if (frame == null) {
          drainAsked = false;
          return;
        }
        if (frame.data() != null) {
          waitingBytes -= frame.length();
          budget.giveBack(frame.length());
        }
      }
      stuck = false;
      lastTaken = System.nanoTime();
      write(frame.head());
      Buffer data = frame.data();
      if (data != null) {
        write(data); // Apart: it is not this listener's alone.
      }
    }
    synchronized (frames) {
      drainAsked = false; // The drain handler goes on, or the next frame asks in vain.
    }
  }

  /** How long frames have waited of which the client took none; 0 when none wait. */
  long waitingNanos() {
    synchronized (frames) {
      return frames.isEmpty() ? 0 : Math.max(0, System.nanoTime() - lastTaken);
    }
  }

  /** Cuts the client off; on the event loop. It comes back with its last id when it reads again. */
  void cutOff() {
    if (!ended) {
      response.reset();
      finish();
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
      cutOff();
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
        closed = true;
        frames.clear();
        budget.giveBack(waitingBytes);
        waitingBytes = 0;
      }
      onEnd.accept(this);
    }
  }
}
