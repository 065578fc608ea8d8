package dev.weir.curation;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler;
import org.apache.kafka.streams.errors.TaskCorruptedException;
import org.apache.kafka.streams.errors.TaskMigratedException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What becomes of the service when a stream thread dies: a new thread after faults that pass by
 * themselves, the end after all others, and also after {@link #MAX_REPLACEMENTS} within a minute.
 *
 * <p>Thread-safe; called by the dying threads.
 */
final class FaultPolicy implements StreamsUncaughtExceptionHandler {

  /** New threads in a minute; more would only hide what is wrong. */
  static final int MAX_REPLACEMENTS = 20;

  private static final Logger LOG = LoggerFactory.getLogger(FaultPolicy.class);

  private final InstantSource clock;
  private final Deque<Instant> replacements = new ArrayDeque<>();
  private volatile @Nullable Throwable fatal;

  FaultPolicy(InstantSource clock) {
    this.clock = clock;
  }

  @Override
  public StreamThreadExceptionResponse handle(Throwable fault) {
    Throwable transientCause = transientCause(fault);
    if (transientCause != null && admitted()) {
      LOG.warn("a stream thread is replaced after {}", transientCause.toString(), fault);
      return StreamThreadExceptionResponse.REPLACE_THREAD;
    }
    LOG.error("curation stops", fault);
    fatal = fault;
    return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
  }

  /** What ended the service, or {@code null}. */
  @Nullable Throwable fatal() {
    return fatal;
  }

  private synchronized boolean admitted() {
    Instant now = clock.instant();
    while (!replacements.isEmpty()
        && replacements.getFirst().isBefore(now.minus(Duration.ofMinutes(1)))) {
      replacements.removeFirst();
    }
    if (replacements.size() >= MAX_REPLACEMENTS) {
      return false;
    }
    replacements.addLast(now);
    return true;
  }

  private static @Nullable Throwable transientCause(Throwable fault) {
    for (Throwable cause = fault; cause != null; cause = cause.getCause()) {
      if (cause instanceof RetriableException
          || cause instanceof TaskCorruptedException
          || cause instanceof TaskMigratedException) {
        return cause;
      }
    }
    return null;
  }
}
