package dev.weir.inference.http;

import dev.weir.inference.feed.FeedListener;
import dev.weir.inference.feed.TopicFeed.Listening;
import io.vertx.core.Context;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * One client that listens to server-sent events.
 *
 * <p>The feed's thread puts frames into a bounded buffer and never waits; the event loop writes
 * them as fast as the client reads. When the buffer is full, what comes is left out and counted,
 * and the client is told so before the next event. A client that takes nothing between two
 * heartbeats while frames wait is cut off.
 */
final class EventStream implements FeedListener {

  /** Frames that wait for the client; at least what a returning listener is given again. */
  static final int BUFFER = 1024;

  private static final int WRITE_QUEUE_BYTES = 64 << 10;

  private final HttpServerResponse response;
  private final Context context;
  private final EventFrame.Naming naming;
  private final Consumer<EventStream> onEnd;
  // Guarded by the monitor of the frames.
  private final Deque<Buffer> frames = new ArrayDeque<>();
  private long skipped;
  private boolean drainAsked;
  // All below belong to the event loop.
  private @Nullable Listening listening;
  private boolean ended;
  private boolean stuck;

  /**
   * A stream over a response whose head is not written yet.
   *
   * @param onEnd called once, on the event loop, when the client has gone or was cut off
   */
  EventStream(
      HttpServerResponse response,
      Context context,
      EventFrame.Naming naming,
      Consumer<EventStream> onEnd) {
    this.response = response;
    this.context = context;
    this.naming = naming;
    this.onEnd = onEnd;
  }

  /** Writes the head and begins to take frames from {@code from}; on the event loop. */
  void begin(Listening from) {
    listening = from;
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

  @Override
  public void opened() {
    put(EventFrame.comment("listening"));
  }

  @Override
  public void skipped(long offsets) {
    synchronized (frames) {
      skipped += offsets;
    }
  }

  @Override
  public void record(String resume, ConsumerRecord<byte[], byte[]> record) {
    String name = naming.name(record);
    if (name != null) {
      put(EventFrame.event(resume, name, record));
    }
  }

  private void put(Buffer frame) {
    synchronized (frames) {
      if (frames.size() >= BUFFER) {
        skipped++;
        return;
      }
      if (skipped > 0) {
        frames.add(EventFrame.skipped(skipped));
        skipped = 0;
      }
      frames.add(frame);
      if (drainAsked) {
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
      if (listening != null) {
        listening.close();
      }
      synchronized (frames) {
        frames.clear();
      }
      onEnd.accept(this);
    }
  }
}
