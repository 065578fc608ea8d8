package dev.weir.inference.http.web;

import dev.weir.inference.meter.InferenceMeters;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Handler;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Reads the bodies of requests into memory, all of them together within one budget of bytes.
 *
 * <p>A body takes from the budget as its chunks come, and gives back when its request is answered
 * or its client has gone. Where the budget is short, the body that has been arriving for longest is
 * ended with 408 once it took {@link #SLOW_MS}; else the one that asks is refused with 429. Bodies
 * over {@link #SMALL} bytes may take three quarters of the budget, so that small requests pass
 * beside large ones. What comes after a refusal is read and thrown away. Belongs to the event loop.
 */
public final class Bodies {

  /** Most bytes of one body. */
  public static final int MOST = 8 << 20;

  /** A body up to this size may use all of the budget. */
  static final int SMALL = 64 << 10;

  /** A body that took this long may be ended in favour of others. */
  public static final int SLOW_MS = 5_000;

  private static final String KEY = "weir.body";
  private static final int SHARE_OF_HEAP = 16;
  private static final int LEAST_BUDGET = 1 << 20;

  private final long budget;
  private final MeterRegistry meters;
  private final LongSupplier nanos;
  private final Set<Arriving> arriving = new LinkedHashSet<>();
  private final AtomicLong taken = new AtomicLong(); // Written by the event loop, read by a gauge.

  /** Bodies within a sixteenth of the heap. */
  public Bodies(MeterRegistry meters) {
    this(
        Math.max(LEAST_BUDGET, Runtime.getRuntime().maxMemory() / SHARE_OF_HEAP),
        meters,
        System::nanoTime);
  }

  /** Bodies of at most so many bytes in all at one time. */
  public Bodies(long budget, MeterRegistry meters, LongSupplier nanos) {
    this.budget = budget;
    this.meters = meters;
    this.nanos = nanos;
    InferenceMeters.HTTP_BODY_BYTES.gauge(meters, taken::get);
  }

  /**
   * A handler that goes on when a request's body is complete.
   *
   * @param most bytes that a body of this route may have
   */
  public Handler<RoutingContext> upTo(int most) {
    return context -> new Arriving(context, Math.min(most, large())).begin();
  }

  /** The body that was read; empty where there was none. */
  public static byte[] of(RoutingContext context) {
    return context.<Object>get(KEY) instanceof Buffer body ? body.getBytes() : new byte[0];
  }

  /** Bytes of all requests that are under way. */
  long taken() {
    return taken.get();
  }

  private int large() {
    return (int) Math.min(Integer.MAX_VALUE, budget / 4 * 3);
  }

  private boolean fits(long size, long more) {
    return taken.get() + more <= (size > SMALL ? large() : budget);
  }

  /** Whether there is room, if need be after slow bodies were ended. */
  private boolean room(Arriving asking, long size, long more) {
    while (!fits(size, more)) {
      Arriving oldest = arriving.isEmpty() ? null : arriving.iterator().next();
      if (oldest == null
          || oldest == asking
          || nanos.getAsLong() - oldest.began < SLOW_MS * 1_000_000L) {
        return false;
      }
      oldest.refuse(
          "slow-body",
          new Problem(
              408,
              "request-timeout",
              "the body came slowly while others waited for the memory; send less at once"));
    }
    return true;
  }

  /** One body on its way. */
  private final class Arriving {

    private final RoutingContext context;
    private final int most;
    private final long began = nanos.getAsLong();
    private @Nullable Buffer read = Buffer.buffer();
    private long held;
    private long size;

    Arriving(RoutingContext context, int most) {
      this.context = context;
      this.most = most;
    }

    void begin() {
      HttpServerRequest request = context.request();
      long declared = declared(request);
      context.addEndHandler(done -> release());
      request.handler(this::chunk);
      request.exceptionHandler(broken -> release());
      request.endHandler(end -> complete());
      if (declared > most) {
        refuse("body-too-large", tooLarge(declared));
      } else if (declared > 0 && !room(this, declared, declared)) {
        refuse("memory", noRoom());
      } else {
        arriving.add(this);
        if ("100-continue".equalsIgnoreCase(request.getHeader("Expect"))) {
          context.response().writeContinue();
        }
      }
    }

    private void chunk(Buffer chunk) {
      Buffer body = read;
      if (body == null) {
        return; // Refused: the rest is thrown away.
      }
      size += chunk.length();
      if (size > most) {
        refuse("body-too-large", tooLarge(size));
      } else if (!room(this, size, chunk.length())) {
        refuse("memory", noRoom());
      } else {
        taken.addAndGet(chunk.length());
        held += chunk.length();
        body.appendBuffer(chunk);
      }
    }

    private void complete() {
      arriving.remove(this);
      Buffer body = read;
      if (body != null) {
        read = null;
        context.put(KEY, body);
        context.next();
      }
    }

    private void refuse(String reason, Problem problem) {
      InferenceMeters.HTTP_REFUSED.counter(meters, reason).increment();
      release();
      context.fail(problem);
    }

    private void release() {
      arriving.remove(this);
      read = null;
      context.remove(KEY);
      taken.addAndGet(-held);
      held = 0;
    }

    private Problem tooLarge(long actual) {
      return new Problem(
          413,
          "body-too-large",
          "the body has at least %d bytes, at most %d are accepted; send several smaller requests"
              .formatted(actual, most));
    }

    private Problem noRoom() {
      return new Problem(
              429,
              "too-much-under-way",
              "the bodies of requests under way take %d of %d bytes; send this one again after a second, or smaller ones"
                  .formatted(taken.get(), budget))
          .retryAfter(1);
    }
  }

  /** What the head says of the body's size, -1 where it says nothing. */
  private static long declared(HttpServerRequest request) {
    String length = request.getHeader("Content-Length");
    try {
      return length == null ? -1 : Long.parseLong(length.strip());
    } catch (NumberFormatException e) {
      return -1; // The chunks will tell.
    }
  }
}
