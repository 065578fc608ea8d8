package dev.weir.inference.adapter;

import dev.weir.common.ops.WeirException;
import dev.weir.common.store.StoreException;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings the wanted version of each adapter into service, on threads of its own.
 *
 * <p>Per adapter at most one load is under way, and the newest record wins: a load that a newer
 * record overtook is not published. Adapters do not wait for one another's store. A failed load
 * leaves the old version serving and is kept with its reason; it is tried again with back-off when
 * the store may yet deliver. Thread-safe; {@link #close} stops after the loads under way.
 */
public final class AdapterLoader implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(AdapterLoader.class);

  private static final int THREADS = 4;
  private static final Duration FIRST_RETRY = Duration.ofSeconds(1);
  private static final Duration LAST_RETRY = Duration.ofMinutes(1);

  /** The bytes are there and wrong: they are published for good, so trying again is in vain. */
  private static final Set<String> FINAL_STORE_REASONS =
      Set.of("checksum-mismatch", "digest-mismatch", "manifest-mismatch", "bad-file-name");

  private final ArtifactReader reader;
  private final AdapterRegistry registry;
  private final LoadMeters meters;
  private final Clock clock;
  private final ScheduledThreadPoolExecutor threads;
  private final Map<String, Task> tasks = new ConcurrentHashMap<>();

  /** A loader; its threads start with the first record. */
  public AdapterLoader(
      ArtifactReader reader, AdapterRegistry registry, MeterRegistry meters, Clock clock) {
    this.reader = reader;
    this.registry = registry;
    this.meters = new LoadMeters(meters, registry);
    this.clock = clock;
    this.threads = new ScheduledThreadPoolExecutor(THREADS, threadNames());
    threads.setRemoveOnCancelPolicy(true);
    threads.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
  }

  /** Takes note of a record; older ones than the last are ignored. Returns at once. */
  void want(String adapter, Wanted wanted) {
    tasks.computeIfAbsent(adapter, Task::new).want(wanted);
  }

  /** Whether every record so far was acted on, be it with a failure. */
  public boolean settled() {
    return tasks.values().stream().noneMatch(Task::active);
  }

  /** The failure of each adapter whose wanted version does not serve, by adapter name. */
  public Map<String, LoadFailure> failures() {
    Map<String, LoadFailure> failures = new TreeMap<>();
    tasks.forEach(
        (adapter, task) -> {
          LoadFailure failure = task.failure();
          if (failure != null) {
            failures.put(adapter, failure);
          }
        });
    return failures;
  }

  @Override
  public void close() {
    threads.shutdown();
    try {
      if (!threads.awaitTermination(30, TimeUnit.SECONDS)) {
        LOG.warn("a load did not end within 30 s; interrupting it");
        threads.shutdownNow();
      }
    } catch (InterruptedException e) {
      threads.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }

  private static ThreadFactory threadNames() {
    AtomicInteger number = new AtomicInteger();
    return task -> {
      Thread thread = new Thread(task, "adapter-loader-" + number.getAndIncrement());
      thread.setDaemon(true);
      return thread;
    };
  }

  /** One adapter's wish and what came of it. */
  private final class Task implements Runnable {

    private final String adapter;
    private @Nullable Wanted wanted;
    private boolean active;
    private int attempts;
    private @Nullable LoadFailure failure;
    private @Nullable Future<?> retry;

    Task(String adapter) {
      this.adapter = adapter;
    }

    synchronized void want(Wanted newer) {
      if (wanted != null && newer.offset() <= wanted.offset()) {
        return;
      }
      wanted = newer;
      attempts = 0;
      if (retry != null) {
        retry.cancel(false);
        retry = null;
      }
      start();
    }

    synchronized boolean active() {
      return active;
    }

    synchronized @Nullable LoadFailure failure() {
      return failure;
    }

    private synchronized void start() {
      if (!active) {
        active = true;
        try {
          threads.execute(this);
        } catch (RejectedExecutionException e) {
          active = false; // The process is closing.
        }
      }
    }

    @Override
    public void run() {
      Wanted now = current();
      try {
        while (now != null) {
          act(now);
          now = next(now);
        }
      } catch (Error e) {
        // Out of memory, a missing native library: not this adapter's fault alone, but do not let
        // the start wait for it for ever.
        LOG.error("loading adapter {} ended abruptly", adapter, e);
        abandon();
        throw e;
      }
    }

    private synchronized void abandon() {
      active = false;
    }

    private synchronized @Nullable Wanted current() {
      return wanted;
    }

    private synchronized boolean newest(Wanted now) {
      return wanted != null && wanted.offset() == now.offset();
    }

    /** The record that came meanwhile, or null after noting that there is none. */
    private synchronized @Nullable Wanted next(Wanted done) {
      if (wanted != null && wanted.offset() > done.offset()) {
        return wanted;
      }
      active = false;
      return null;
    }

    private void act(Wanted now) {
      long begin = System.nanoTime();
      try {
        if (now.champion() == null) {
          registry.remove(adapter);
        } else {
          LoadedAdapter loaded = reader.read(now.champion(), now.release());
          if (!registry.install(loaded, () -> newest(now))) {
            return; // A newer record is next.
          }
          Duration took = Duration.ofNanos(System.nanoTime() - begin);
          meters.loaded(adapter, took);
          LOG.info("adapter {} serves after {} ms", loaded.id(), took.toMillis());
        }
        succeeded(now);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (StoreException e) {
        failed(now, e.reason(), e, !FINAL_STORE_REASONS.contains(e.reason()));
      } catch (WeirException e) {
        failed(now, e.reason(), e, false);
      } catch (RuntimeException e) {
        failed(now, "load-failed", e, false);
      }
    }

    private synchronized void succeeded(Wanted now) {
      if (newest(now)) {
        failure = null;
      }
    }

    private synchronized void failed(
        Wanted now, String reason, RuntimeException problem, boolean again) {
      meters.failed(reason);
      if (now.champion() == null || !newest(now)) {
        return;
      }
      attempts++;
      Instant at = clock.instant();
      Duration delay = again ? backOff(attempts) : Duration.ZERO;
      failure =
          new LoadFailure(
              now.champion().version(),
              now.champion().digest(),
              reason,
              String.valueOf(problem.getMessage()),
              attempts,
              at,
              again ? at.plus(delay) : null);
      LOG.warn(
          "adapter {} was not loaded, {}: {}{}",
          now.champion().id(),
          reason,
          problem.getMessage(),
          again ? "; next try in " + delay.toSeconds() + " s" : "",
          problem);
      if (again) {
        try {
          retry = threads.schedule(this::start, delay.toMillis(), TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
          LOG.debug("closing: adapter {} is not tried again", adapter);
        }
      }
    }
  }

  private static Duration backOff(int attempts) {
    Duration delay = FIRST_RETRY.multipliedBy(1L << Math.min(attempts - 1, 16));
    return delay.compareTo(LAST_RETRY) > 0 ? LAST_RETRY : delay;
  }
}
