package dev.weir.curation;

import dev.weir.curation.meter.CurationMeters;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.streams.errors.MisconfiguredInternalTopicException;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler;
import org.apache.kafka.streams.errors.TopologyException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What becomes of the service when a stream thread dies: a new thread with new clients, after a
 * pause that grows while faults go on. Fenced producers and timeouts pass by themselves; missing
 * rights, a full disk and a topic that was deleted pass when somebody mends them; health is down
 * meanwhile and names the fault. Only what no new thread can change ends the service: another
 * process under the same name is that when it takes the name again after this one has waited and
 * taken it back; a coordinator that is confused does so once.
 *
 * <p>Thread-safe; called by the dying threads, which it holds up for the pause.
 */
final class FaultPolicy implements StreamsUncaughtExceptionHandler, AutoCloseable {

  /** Faults older than this are over. */
  static final Duration REMEMBERED = Duration.ofSeconds(90);

  private static final Logger LOG = LoggerFactory.getLogger(FaultPolicy.class);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(250);

  /** A thread that was replaced this long ago has taken up its work, if nothing else happened. */
  private static final Duration SETTLING = Duration.ofSeconds(10);

  /** Longer than a session: a process that took the name and is gone has lost it by then. */
  private static final Duration FENCED_PAUSE = Duration.ofSeconds(10);

  private final InstantSource clock;
  private final Counter replaced;
  private final Deque<Instant> faults = new ArrayDeque<>(); // guarded by this
  private final CountDownLatch closed = new CountDownLatch(1);
  private @Nullable Instant fencedAt; // guarded by this
  private volatile @Nullable Throwable fatal;
  private volatile @Nullable Throwable last;

  FaultPolicy(InstantSource clock, MeterRegistry registry) {
    this.clock = clock;
    this.replaced = CurationMeters.THREADS_REPLACED.counter(registry);
  }

  @Override
  public StreamThreadExceptionResponse handle(Throwable fault) {
    boolean fenced = has(fault, FencedInstanceIdException.class);
    if (forGood(fault) || (fenced && fencedBefore())) {
      LOG.error("curation stops", fault);
      fatal = fault;
      return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
    }
    last = fault;
    replaced.increment();
    Duration pause = pause(note());
    if (fenced) {
      pause = FENCED_PAUSE;
    }
    LOG.warn("a stream thread is replaced in {} ms after {}", pause.toMillis(), root(fault), fault);
    pause(pause);
    return StreamThreadExceptionResponse.REPLACE_THREAD;
  }

  /** Whether that is the second time of late; the pause before the first one is left out. */
  private synchronized boolean fencedBefore() {
    Instant now = clock.instant();
    boolean before = fencedAt != null && fencedAt.isAfter(now.minus(REMEMBERED));
    fencedAt = now;
    return before;
  }

  /** What ended the service, or {@code null}. */
  @Nullable Throwable fatal() {
    return fatal;
  }

  /** What keeps threads from working now, for people; {@code null} when nothing does. */
  synchronized @Nullable String trouble() {
    forget();
    Throwable fault = last;
    if (fault == null || faults.isEmpty()) {
      return null;
    }
    boolean settled = faults.getLast().isBefore(clock.instant().minus(SETTLING));
    if (faults.size() == 1 && settled) {
      return null;
    }
    return "%d stream threads died within %d s, the last of %s"
        .formatted(faults.size(), REMEMBERED.toSeconds(), root(fault));
  }

  /** Lets no dying thread wait any longer. */
  @Override
  public void close() {
    closed.countDown();
  }

  /** How long to wait before the new thread after so many faults. */
  static Duration pause(int faultsOfLate) {
    if (faultsOfLate <= 1) {
      return Duration.ZERO;
    }
    Duration pause = FIRST_PAUSE.multipliedBy(1L << Math.min(faultsOfLate - 2, 10));
    return pause.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : pause;
  }

  static Throwable root(Throwable fault) {
    Throwable root = fault;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return root;
  }

  private synchronized int note() {
    forget();
    faults.addLast(clock.instant());
    return faults.size();
  }

  private void forget() {
    Instant oldest = clock.instant().minus(REMEMBERED);
    while (!faults.isEmpty() && faults.getFirst().isBefore(oldest)) {
      faults.removeFirst();
    }
  }

  private void pause(Duration pause) {
    try {
      boolean unused = closed.await(pause.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static boolean has(Throwable fault, Class<? extends Throwable> kind) {
    for (Throwable cause = fault; cause != null; cause = cause.getCause()) {
      if (kind.isInstance(cause)) {
        return true;
      }
    }
    return false;
  }

  private static boolean forGood(Throwable fault) {
    for (Throwable cause = fault; cause != null; cause = cause.getCause()) {
      if (cause instanceof Error
          || cause instanceof MisconfiguredInternalTopicException
          || cause instanceof TopologyException
          || cause instanceof ConfigException
          || cause instanceof UnsupportedVersionException) {
        return true;
      }
    }
    return false;
  }
}
