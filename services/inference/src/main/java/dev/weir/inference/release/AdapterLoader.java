package dev.weir.inference.release;

import dev.weir.contract.fault.WeirException;
import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.Release;
import dev.weir.inference.meter.InferenceMeters;
import dev.weir.inference.slot.AdapterRegistry;
import dev.weir.inference.slot.BackOff;
import dev.weir.inference.slot.LoadFailure;
import dev.weir.inference.slot.LoadedAdapter;
import dev.weir.inference.slot.ServingAdapter;
import dev.weir.inference.slot.WantedVersion;
import dev.weir.service.trace.LogContext;
import dev.weir.service.trace.TraceAttributes;
import dev.weir.service.trace.Tracing;
import dev.weir.store.artifact.StoreException;
import io.micrometer.core.instrument.MeterRegistry;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings the wanted versions of each adapter into service, on threads of its own.
 *
 * <p>Per adapter at most one load is under way, and the newest record wins: a load that a newer
 * record overtook is not published. Adapters do not wait for one another's store. A failed load
 * leaves the old champion serving and is kept with its reason; it is tried again with back-off when
 * the store may yet deliver. Where nothing serves, as after a restart, the champion answers for a
 * pinned version that cannot be loaded. A defect of our own, such as a listener that throws, is
 * logged and counted; where it ended a load, that is a failure like others, and it is tried again.
 * An adapter of which nothing is wanted and nothing serves costs nothing. Thread-safe; {@link
 * #close} stops after the loads under way.
 */
public final class AdapterLoader implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(AdapterLoader.class);

  private static final int THREADS = 4;

  /** The reason of a failure that is a defect of this program. */
  private static final String INTERNAL_ERROR = "internal-error";

  /** The bytes are there and wrong: they are published for good, so trying again is in vain. */
  private static final Set<String> FINAL_STORE_REASONS =
      Set.of("checksum-mismatch", "digest-mismatch", "manifest-mismatch", "bad-file-name");

  private final ArtifactReader reader;
  private final AdapterRegistry registry;
  private final MeterRegistry registered;
  private final LoadMeters meters;
  private final Tracing tracing;
  private final Clock clock;
  private final ScheduledThreadPoolExecutor threads;
  private final Map<String, Task> tasks = new ConcurrentHashMap<>();
  private final Map<AdapterId, LoadFailure> failures = new ConcurrentHashMap<>();
  private final AtomicInteger underWay = new AtomicInteger();
  private final List<AdapterListener> listeners = new CopyOnWriteArrayList<>();

  /** A loader that traces nothing; its threads start with the first record. */
  public AdapterLoader(
      ArtifactReader reader, AdapterRegistry registry, MeterRegistry meters, Clock clock) {
    this(reader, registry, meters, Tracing.off(), clock);
  }

  /** A loader; its threads start with the first record. */
  public AdapterLoader(
      ArtifactReader reader,
      AdapterRegistry registry,
      MeterRegistry meters,
      Tracing tracing,
      Clock clock) {
    this.tracing = tracing;
    this.reader = reader;
    this.registry = registry;
    this.registered = meters;
    this.meters = new LoadMeters(meters, clock);
    this.clock = clock;
    this.threads = new ScheduledThreadPoolExecutor(THREADS, threadNames());
    threads.setRemoveOnCancelPolicy(true);
    threads.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    InferenceMeters.INTERNAL_ERRORS.counter(meters, "adapter-loader");
    InferenceMeters.VERSIONS_FAILING.gauge(meters, () -> failures().size());
    registry.listenBroken(this::broken);
  }

  /** Has {@code listener} told of every load from now on. */
  public void listen(AdapterListener listener) {
    listeners.add(listener);
  }

  /** Takes note of a record; older ones than the last are ignored. Returns at once. */
  public void want(String adapter, Wanted wanted) {
    tasks.compute(
        adapter,
        (name, known) -> {
          if (known == null && wanted.nothing() && !registry.knows(name)) {
            return null; // A tombstone of what never served leaves nothing behind.
          }
          Task task = known == null ? new Task(name) : known;
          task.want(wanted);
          return task;
        });
  }

  /** Keeps the reason of a version that went out of service because it broke. */
  private void broken(ServingAdapter version, WeirException why) {
    Task task = tasks.get(version.id().adapter());
    if (task != null) {
      task.broken(version, why);
    }
  }

  /** Whether every record so far was acted on, be it with a failure. */
  public boolean settled() {
    return underWay.get() == 0;
  }

  /** Why each wanted version that is not in service is not. */
  public Map<AdapterId, LoadFailure> failures() {
    return Map.copyOf(failures);
  }

  /** Why a wanted version is not in service; empty when it is. */
  public Optional<LoadFailure> failure(AdapterId id) {
    return Optional.ofNullable(failures.get(id));
  }

  /** The version that answers for an adapter here, whatever should; empty when none does. */
  public Optional<AdapterId> answering(String adapter) {
    return registry.warm()
        ? registry.state().adapter(adapter).map(ServingAdapter::id)
        : Optional.empty();
  }

  /**
   * Tries whether a version could be loaded here, without putting it into service: fetches it and
   * checks all that can be checked without running it. Blocks on the store.
   *
   * @return why not; empty when it could
   * @throws StoreException if the store does not answer, so that nothing is known
   */
  public Optional<String> problem(Release release, String digest) {
    try {
      LoadedAdapter loaded = reader.read(new WantedVersion(release.id(), digest, release));
      if (loaded.merged() != null) {
        loaded.merged().close();
      }
      return Optional.empty();
    } catch (StoreException e) {
      if (mayPass(e)) {
        throw e;
      }
      return Optional.of(e.reason());
    } catch (WeirException e) {
      return Optional.of(e.reason());
    } catch (RuntimeException e) {
      LOG.warn("{} cannot be read", release.id(), e);
      return Optional.of("load-failed");
    }
  }

  private static boolean mayPass(StoreException problem) {
    return !FINAL_STORE_REASONS.contains(problem.reason());
  }

  /** Number of adapters that take memory here. */
  int tasks() {
    return tasks.size();
  }

  /** What must not decide about loading: a meter, a listener. */
  private void guarded(String what, Runnable step) {
    try {
      step.run();
    } catch (RuntimeException e) {
      defect(what, e);
    }
  }

  private void defect(String what, Throwable e) {
    LOG.error("{} failed; this is a defect, please report it", what, e);
    try {
      InferenceMeters.INTERNAL_ERRORS.counter(registered, "adapter-loader").increment();
    } catch (RuntimeException broken) {
      LOG.error("the meters failed, too", broken);
    }
  }

  private void tell(Consumer<AdapterListener> news) {
    listeners.forEach(each -> guarded("a listener of loads", () -> news.accept(each)));
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
    private final Set<AdapterId> failed = new HashSet<>();
    private final Set<AdapterId> broken = new HashSet<>(); // Out of service, and not tried again.
    private @Nullable Future<?> retry;

    Task(String adapter) {
      this.adapter = adapter;
    }

    synchronized void want(Wanted newer) {
      if (wanted != null && !newer.at().after(wanted.at())) {
        return;
      }
      if (wanted != null && newer.sameAs(wanted) && (active || failed.isEmpty())) {
        return; // The topic was read again and says what it said before.
      }
      wanted = newer;
      attempts = 0;
      if (retry != null) {
        retry.cancel(false);
        retry = null;
      }
      start();
    }

    private synchronized void start() {
      if (!active) {
        active(true);
        try {
          threads.execute(this);
        } catch (RejectedExecutionException e) {
          active(false); // The process is closing.
        }
      }
    }

    private synchronized void active(boolean now) {
      if (active != now) {
        active = now;
        underWay.addAndGet(now ? 1 : -1);
      }
    }

    /** Whether there is nothing that it could still be asked about. */
    private synchronized boolean spent() {
      return !active
          && retry == null
          && failed.isEmpty()
          && (wanted == null || wanted.nothing())
          && !registry.knows(adapter);
    }

    @Override
    public void run() {
      Wanted now = current();
      while (now != null) {
        try {
          act(now);
        } catch (Throwable e) {
          // Ours or the machine's: it must neither freeze this adapter nor hold up the start.
          faulted(now, e);
        }
        now = next(now);
      }
      tasks.computeIfPresent(adapter, (name, task) -> task.spent() ? null : task);
    }

    private void faulted(Wanted now, Throwable problem) {
      defect("loading adapter " + adapter, problem);
      try {
        List<WantedVersion> versions = now.versions();
        versions.stream()
            .filter(each -> !serves(each))
            .findFirst()
            .or(() -> versions.stream().findFirst())
            .ifPresent(version -> note(now, version, INTERNAL_ERROR, problem, true));
      } catch (RuntimeException e) {
        LOG.error("the failure of adapter {} cannot be shown", adapter, e);
      }
      later(now);
    }

    private synchronized @Nullable Wanted current() {
      retry = null;
      return wanted;
    }

    private synchronized boolean newest(Wanted now) {
      return wanted != null && wanted.at().equals(now.at());
    }

    /** The record that came meanwhile, or null after noting that there is none. */
    private synchronized @Nullable Wanted next(Wanted done) {
      if (wanted != null && wanted.at().after(done.at())) {
        return wanted;
      }
      active(false);
      return null;
    }

    /** The champion first, so that nothing beside it delays it. */
    private void act(Wanted now) {
      try {
        boolean again = false;
        if (now.champion() != null) {
          again = bring(now, now.champion());
        }
        WantedVersion champion = now.champion();
        WantedVersion substitute = now.substitute();
        if (champion != null && substitute != null && !serves(champion) && nobodyAnswers()) {
          again |= bring(now, substitute);
          if (serves(substitute)) {
            LOG.warn(
                "adapter {} is pinned and cannot be loaded; the champion, {}, answers instead",
                champion.id(),
                substitute.id());
            champion = substitute;
          }
        }
        AdapterId answering = champion == null ? null : champion.id();
        if (!registry.settle(adapter, answering, now.ids(), () -> newest(now))) {
          return; // A newer record is next.
        }
        WantedVersion answers = champion;
        guarded("showing who answers for " + adapter, () -> shown(answers));
        for (WantedVersion other : now.others()) {
          again |= bring(now, other);
        }
        done(now, again);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    private boolean nobodyAnswers() {
      return registry.state().adapter(adapter).isEmpty();
    }

    /** Shows who answers: the wanted champion, or the one before where that could not be loaded. */
    private void shown(@Nullable WantedVersion wantedChampion) {
      AdapterId answering = registry.state().adapter(adapter).map(ServingAdapter::id).orElse(null);
      if (answering == null) {
        meters.answers(adapter, null, null);
      } else if (wantedChampion != null && wantedChampion.id().equals(answering)) {
        meters.answers(adapter, answering, wantedChampion.release());
      }
    }

    /** Puts a version into service unless it is; says whether to try again later. */
    private boolean bring(Wanted now, WantedVersion version) throws InterruptedException {
      if (!newest(now) || serves(version)) {
        forget(version);
        return false;
      }
      Span span =
          tracing
              .span("load adapter", SpanKind.CONSUMER, now.trace())
              .setAttribute(TraceAttributes.ADAPTER, version.id().adapter())
              .setAttribute(TraceAttributes.VERSION, (long) version.id().version())
              .startSpan();
      LogContext about = LogContext.of("adapter", version.id().toString()).in(span);
      try {
        return bring(now, version, span);
      } finally {
        about.close();
        span.end();
      }
    }

    private boolean bring(Wanted now, WantedVersion version, Span span)
        throws InterruptedException {
      long begin = System.nanoTime();
      try {
        if (registry.reinstate(version, () -> newest(now))
            || registry.put(reader.read(version), () -> newest(now))) {
          forget(version);
          Duration took = Duration.ofNanos(System.nanoTime() - begin);
          guarded("counting a load", () -> meters.loaded(took));
          span.setAttribute(TraceAttributes.OUTCOME, "loaded");
          LOG.info("adapter {} is in service after {} ms", version.id(), took.toMillis());
          tell(each -> each.inService(version.id(), version.digest(), took));
        }
        return false;
      } catch (StoreException e) {
        return failed(now, version, e.reason(), e, mayPass(e));
      } catch (WeirException e) {
        return failed(now, version, e.reason(), e, false);
      } catch (RuntimeException e) {
        return failed(now, version, "load-failed", e, false);
      }
    }

    private boolean serves(WantedVersion version) {
      return registry
          .state()
          .version(version.id())
          .filter(serving -> serving.digest().equals(version.digest()))
          .isPresent();
    }

    private synchronized void forget(WantedVersion version) {
      boolean stopped = broken.remove(version.id());
      if (failed.remove(version.id()) || stopped) {
        failures.remove(version.id());
      }
    }

    private boolean failed(
        Wanted now, WantedVersion version, String reason, RuntimeException problem, boolean again) {
      Span.current()
          .setStatus(StatusCode.ERROR)
          .setAttribute(TraceAttributes.OUTCOME, "failed")
          .setAttribute(TraceAttributes.ERROR_TYPE, reason);
      return note(now, version, reason, problem, again);
    }

    private synchronized boolean note(
        Wanted now, WantedVersion version, String reason, Throwable problem, boolean again) {
      guarded("counting a failed load", () -> meters.failed(reason));
      if (!newest(now)) {
        return false;
      }
      Instant at = clock.instant();
      Duration delay = again ? BackOff.after(attempts + 1) : Duration.ZERO;
      LoadFailure failure =
          new LoadFailure(
              version.id().version(),
              version.digest(),
              reason,
              String.valueOf(problem.getMessage()),
              attempts + 1,
              at,
              again ? at.plus(delay) : null);
      failed.add(version.id());
      failures.put(version.id(), failure);
      tell(each -> each.failed(version.id(), failure));
      LOG.warn(
          "adapter {} was not loaded, {}: {}{}",
          version.id(),
          reason,
          problem.getMessage(),
          again ? "; next try in " + delay.toSeconds() + " s" : "",
          problem);
      return again;
    }

    /** Only a newer record brings it back: it was tried when it was loaded, and broke later. */
    private synchronized void broken(ServingAdapter version, WeirException why) {
      guarded("counting a broken version", () -> meters.failed(why.reason()));
      broken.add(version.id());
      failures.put(
          version.id(),
          new LoadFailure(
              version.id().version(),
              version.digest(),
              why.reason(),
              String.valueOf(why.getMessage()),
              1,
              clock.instant(),
              null));
    }

    private synchronized void done(Wanted now, boolean again) {
      if (!newest(now)) {
        return;
      }
      Set<AdapterId> wantedNow = new HashSet<>(now.ids());
      WantedVersion substitute = now.substitute();
      if (substitute != null) {
        wantedNow.add(substitute.id());
      }
      for (AdapterId id : List.copyOf(failed)) {
        if (!wantedNow.contains(id)) {
          failed.remove(id);
          failures.remove(id);
        }
      }
      for (AdapterId id : List.copyOf(broken)) {
        if (!wantedNow.contains(id)) {
          broken.remove(id);
          failures.remove(id);
        }
      }
      if (again) {
        later(now);
      }
    }

    private synchronized void later(Wanted now) {
      if (!newest(now)) {
        return;
      }
      attempts++;
      try {
        retry =
            threads.schedule(
                this::start, BackOff.after(attempts).toMillis(), TimeUnit.MILLISECONDS);
      } catch (RejectedExecutionException e) {
        LOG.debug("closing: adapter {} is not tried again", adapter);
      }
    }
  }
}
