package dev.weir.inference.slot;

import dev.weir.contract.fault.WeirException;
import dev.weir.contract.release.AdapterId;
import dev.weir.inference.meter.InferenceMeters;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads evicted versions again when texts come for them.
 *
 * <p>The thread {@code adapter-pager} serves requests in the order in which adapters were first
 * asked for, and reads from this process's own disk alone. A copy that is gone or damaged is
 * fetched on the thread {@code adapter-refetch}, so that a slow store holds up no version but those
 * whose copies are lost. Who waits does so for a limited time; after a failure the version is not
 * tried again for a while, so that not every text waits in vain. Thread-safe.
 */
final class AdapterPager implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(AdapterPager.class);

  private final AdapterRegistry registry;
  private final WeightSource source;
  private final MeterRegistry meters;
  private final Clock clock;
  private final Duration longestWait;
  private final Map<AdapterId, Request> underWay = new ConcurrentHashMap<>();
  private final Map<AdapterId, Missed> failures = new ConcurrentHashMap<>();
  private final ExecutorService pager = Executors.newSingleThreadExecutor(named("adapter-pager"));
  private final ExecutorService refetch =
      Executors.newSingleThreadExecutor(named("adapter-refetch"));

  AdapterPager(
      AdapterRegistry registry,
      WeightSource source,
      Duration longestWait,
      MeterRegistry meters,
      Clock clock) {
    this.registry = registry;
    this.source = source;
    this.longestWait = longestWait;
    this.meters = meters;
    this.clock = clock;
  }

  /**
   * A failure, and when to try again: by the clock that nobody sets. The failure's instants are for
   * people.
   */
  private record Missed(LoadFailure failure, long retryNanos) {}

  private static ThreadFactory named(String name) {
    return task -> {
      Thread thread = new Thread(task, name);
      thread.setDaemon(true);
      return thread;
    };
  }

  /** See {@link AdapterRegistry#page}. */
  CompletableFuture<Void> page(AdapterId id) {
    Missed missed = failures.get(id);
    if (missed != null && System.nanoTime() - missed.retryNanos() < 0) {
      LoadFailure failure = missed.failure();
      return CompletableFuture.failedFuture(new LoadException(failure.reason(), failure.message()));
    }
    Request request = new Request(id);
    Request known = underWay.putIfAbsent(id, request);
    if (known != null) {
      return known.done;
    }
    // Asked only now: a request that ended right before this one has published what it loaded. A
    // text that waited for what is there would hold its slot, and the load before it in line could
    // wait for that very slot.
    if (evicted(id)) {
      request.begin();
    } else {
      request.loaded.complete(null);
    }
    return request.done;
  }

  private boolean evicted(AdapterId id) {
    return registry.state().version(id).filter(version -> version.placement() == null).isPresent();
  }

  Optional<LoadFailure> failure(AdapterId id) {
    return Optional.ofNullable(failures.get(id))
        .filter(missed -> registry.state().version(id).isPresent())
        .map(Missed::failure);
  }

  Map<AdapterId, LoadFailure> failures() {
    failures.keySet().removeIf(id -> registry.state().version(id).isEmpty());
    Map<AdapterId, LoadFailure> now = new HashMap<>();
    failures.forEach((id, missed) -> now.put(id, missed.failure()));
    return now;
  }

  @Override
  public void close() {
    pager.shutdownNow();
    refetch.shutdownNow();
    try {
      if (!pager.awaitTermination(5, TimeUnit.SECONDS)
          || !refetch.awaitTermination(5, TimeUnit.SECONDS)) {
        LOG.warn("a store that hangs keeps a thread; it ends with the process");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** One version that is waited for. */
  private final class Request {

    private final AdapterId id;
    private final long began = System.nanoTime();
    private final CompletableFuture<Void> loaded = new CompletableFuture<>();
    private final CompletableFuture<Void> done;
    private volatile String digest = "";

    Request(AdapterId id) {
      this.id = id;
      this.done =
          loaded
              .orTimeout(longestWait.toMillis(), TimeUnit.MILLISECONDS)
              .whenComplete((nothing, problem) -> end(problem));
    }

    void begin() {
      on(pager, this::load);
    }

    /** Whoever is told that it is done and asks once more must not find this request again. */
    private void end(@Nullable Throwable problem) {
      boolean begun = underWay.remove(id, this);
      if (begun && problem instanceof TimeoutException) {
        note(
            "load-timeout",
            "%s was not loaded within %d ms; check the store and this disk, or raise WEIR_SERVE_LOAD_WAIT"
                .formatted(id, longestWait.toMillis()));
      }
    }

    private void on(ExecutorService threads, Runnable step) {
      try {
        threads.execute(step);
      } catch (RejectedExecutionException e) {
        loaded.completeExceptionally(e); // The process is closing.
      }
    }

    private void load() {
      attempt(
          "loaded",
          version -> {
            Optional<LoadedAdapter> copy = source.readCopy(version);
            if (copy.isEmpty()) {
              LOG.warn("the copy of {} on this disk is gone or damaged; fetching it", id);
              on(refetch, this::fetch);
            }
            return copy;
          });
    }

    private void fetch() {
      attempt("refetched", version -> Optional.of(source.fetch(version)));
    }

    private void attempt(String result, Function<ServingAdapter, Optional<LoadedAdapter>> read) {
      try {
        ServingAdapter version = registry.state().version(id).orElse(null);
        if (version != null && version.placement() == null) {
          digest = version.digest();
          Optional<LoadedAdapter> numbers = read.apply(version);
          if (numbers.isEmpty()) {
            return; // The next thread goes on.
          }
          registry.restore(numbers.get());
          InferenceMeters.PAGE_DURATION
              .timer(meters, result)
              .record(Duration.ofNanos(System.nanoTime() - began));
        }
        failures.remove(id);
        loaded.complete(null);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        loaded.completeExceptionally(e);
      } catch (WeirException e) {
        failed(e.reason(), e);
      } catch (RuntimeException e) {
        failed("load-failed", e);
      }
    }

    private void failed(String reason, RuntimeException problem) {
      note(reason, String.valueOf(problem.getMessage()));
      loaded.completeExceptionally(problem);
    }

    private void note(String reason, String message) {
      LOG.warn("evicted adapter {} cannot be loaded, {}: {}", id, reason, message);
      InferenceMeters.PAGE_FAILURES.counter(meters, reason).increment();
      Instant at = clock.instant();
      failures.compute(
          id,
          (same, before) -> {
            int attempts = before == null ? 1 : before.failure().attempts() + 1;
            Duration pause = BackOff.after(attempts);
            return new Missed(
                new LoadFailure(
                    id.version(), digest, reason, message, attempts, at, at.plus(pause)),
                System.nanoTime() + pause.toNanos());
          });
    }
  }
}
