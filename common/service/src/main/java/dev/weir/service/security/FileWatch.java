package dev.weir.service.security;

import dev.weir.contract.fault.Digests;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells when the content of small files has changed.
 *
 * <p>A thread {@code file-watch} of its own compares contents, not times: mounted secrets are
 * replaced by links whose targets may be older. Start and close are idempotent.
 */
public final class FileWatch implements AutoCloseable {

  /** How soon a change takes effect. */
  public static final Duration INTERVAL = Duration.ofSeconds(10);

  private static final Logger LOG = LoggerFactory.getLogger(FileWatch.class);

  private final Duration interval;
  private final List<Watched> watched = new ArrayList<>();
  private @Nullable ScheduledExecutorService thread;

  private static final class Watched {
    private final List<Path> files;
    private final Runnable onChange;
    private String seen;

    Watched(List<Path> files, Runnable onChange) {
      this.files = files;
      this.onChange = onChange;
      this.seen = content(files);
    }

    void check() {
      String now = content(files);
      if (!now.equals(seen)) {
        seen = now;
        onChange.run();
      }
    }
  }

  /** A watch that looks every {@code interval}, once it is started. */
  public FileWatch(Duration interval) {
    this.interval = interval;
  }

  /** Calls {@code onChange}, on this watch's thread, when one of the files has changed. */
  public synchronized void add(List<Path> files, Runnable onChange) {
    watched.add(new Watched(List.copyOf(files), onChange));
  }

  /** Begins to look; nothing when there is nothing to watch. */
  public synchronized void start() {
    if (thread != null || watched.isEmpty()) {
      return;
    }
    ScheduledExecutorService opened =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread made = new Thread(task, "file-watch");
              made.setDaemon(true);
              return made;
            });
    ScheduledFuture<?> unused =
        opened.scheduleWithFixedDelay(
            this::check, interval.toMillis(), interval.toMillis(), TimeUnit.MILLISECONDS);
    thread = opened;
  }

  private synchronized void check() {
    for (Watched each : watched) {
      try {
        each.check();
      } catch (RuntimeException e) {
        LOG.error("a change of {} was not taken over", each.files, e);
      }
    }
  }

  /** Digests of the contents; a file that is missing for a moment differs from any content. */
  private static String content(List<Path> files) {
    StringBuilder digests = new StringBuilder();
    for (Path file : files) {
      try {
        digests.append(Digests.sha256(Files.readAllBytes(file))).append(' ');
      } catch (IOException e) {
        digests.append("unreadable ");
      }
    }
    return digests.toString();
  }

  @Override
  public synchronized void close() {
    if (thread != null) {
      thread.shutdown();
      thread = null;
    }
  }
}
