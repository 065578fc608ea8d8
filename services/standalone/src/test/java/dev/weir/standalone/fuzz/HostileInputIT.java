package dev.weir.standalone.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.standalone.loop.LocalLoop;
import dev.weir.testing.TestingBaseModel;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.assertj.core.api.SoftAssertions;
import org.awaitility.core.ConditionTimeoutException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Nothing that comes in stops the loop: mutated valid records on every topic and mutated requests
 * to every operation, and afterwards it answers, learns, serves and is healthy, with the same
 * threads.
 *
 * <p>{@code weir.fuzz.records} and {@code weir.fuzz.seed} make it longer and other; {@code
 * weir.fuzz.base} takes another base model than the tests' small one. {@code make fuzz} sets them,
 * and runs it long enough to judge memory, on a heap of fixed size that is touched beforehand: a
 * heap that grows and shrinks would hide what native memory does.
 */
@Tag("fuzz")
class HostileInputIT {

  private static final long RECORDS = Long.getLong("weir.fuzz.records", 4_000);
  private static final long SEED = Long.getLong("weir.fuzz.seed", 20_261_130);
  private static final String BASE = System.getProperty("weir.fuzz.base", "");

  /** Requests come to so many records, since each is a connection of its own. */
  private static final int RECORDS_PER_REQUEST = 10;

  /** Below, caches and pools still fill up: growth says nothing. */
  private static final long RECORDS_TO_JUDGE_MEMORY = 200_000;

  private static final double MEMORY_GROWTH = 1.05;

  /** Threads that live as long as the loop does. */
  private static final Pattern LASTING =
      Pattern.compile(
          "scorer-.*|trainer-loop|adapter-watcher|adapter-loader-.*|review-stream-.*"
              + "|.*StreamThread-.*|vert\\.x-eventloop.*");

  @TempDir Path directory;

  @Test
  void nothingThatComesInStopsTheLoop() throws Exception {
    String run = "seed %d, %d records".formatted(SEED, RECORDS);
    Queue<String> uncaught = new ConcurrentLinkedQueue<>();
    Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
    Thread.setDefaultUncaughtExceptionHandler(
        (thread, exception) -> uncaught.add(thread.getName() + ": " + exception));
    try (LocalLoop loop = new LocalLoop(directory.resolve("data"), 0, settings())) {
      loop.start();
      try (FuzzedLoop fuzzed = new FuzzedLoop(loop, SEED, patience())) {
        run(fuzzed, run, uncaught);
      }
    } finally {
      Thread.setDefaultUncaughtExceptionHandler(before);
    }
  }

  private static void run(FuzzedLoop fuzzed, String run, Queue<String> uncaught) throws Exception {
    try {
      fuzzed.teach();
      fuzzed.allowAnyTime();
      Set<String> threads = lastingThreads();

      feed(fuzzed, 0, RECORDS / 2);
      fuzzed.restoreRightful();
      fuzzed.awaitFreshOnEachPartition("half");
      long half = residentBytes();
      long halfHeap = heapBytes();
      feed(fuzzed, RECORDS / 2, RECORDS);
      fuzzed.restoreRightful();
      fuzzed.awaitFreshOnEachPartition("end");
      long end = residentBytes();
      long endHeap = heapBytes();

      System.out.printf(
          "fuzz: %s: %s; dead letters %s; resident %d MB after half, %d MB after all; heap %d and %d MB%n",
          run,
          fuzzed.counts(),
          fuzzed.letterReasons(),
          half >> 20,
          end >> 20,
          halfHeap >> 20,
          endHeap >> 20);
      SoftAssertions softly = new SoftAssertions();
      softly.assertThat(fuzzed.violations()).as("requests and sends, " + run).isEmpty();
      softly.assertThat(fuzzed.unaccountedReviews()).as("reviews, " + run).isEmpty();
      softly.assertThat(fuzzed.repeatedFeedbackLetters()).as("feedback, " + run).isEmpty();
      softly.assertThat(fuzzed.get("/health/live").statusCode()).as("live, " + run).isEqualTo(200);
      softly
          .assertThat(fuzzed.get("/health/ready"))
          .as("ready, " + run)
          .satisfies(answer -> assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200));
      softly.assertThat(lastingThreads()).as("threads, " + run).containsAll(threads);
      softly.assertThat(uncaught).as("threads that ended, " + run).isEmpty();
      if (RECORDS >= RECORDS_TO_JUDGE_MEMORY) {
        softly
            .assertThat((double) end / half)
            .as("resident memory, " + run)
            .isLessThanOrEqualTo(MEMORY_GROWTH);
      }
      softly.assertAll();
    } catch (ConditionTimeoutException e) {
      // What stands still, and where, is what the loop's own health has to say.
      throw new AssertionError(
          "%s: %s; %s; %s"
              .formatted(
                  run, e.getMessage(), fuzzed.violations(), fuzzed.get("/health/ready").body()),
          e);
    }
  }

  private static void feed(FuzzedLoop fuzzed, long from, long to) throws Exception {
    ExecutorService requests = Executors.newSingleThreadExecutor();
    try {
      Future<?> sent =
          requests.submit(
              () -> fuzzed.request(from / RECORDS_PER_REQUEST, to / RECORDS_PER_REQUEST));
      fuzzed.feed(from, to);
      sent.get(patience().toSeconds(), TimeUnit.SECONDS);
    } finally {
      requests.shutdownNow();
    }
  }

  /** Some minutes, and for the long run what a slow machine needs for each record. */
  private static Duration patience() {
    return Duration.ofMinutes(4).plusMillis(RECORDS * 20);
  }

  private Map<String, String> settings() throws IOException {
    Map<String, String> settings = new HashMap<>();
    settings.put("WEIR_HTTP_PORT", "0");
    settings.put("WEIR_CURATION_BATCH_SIZE", "100");
    settings.put("WEIR_CURATION_HOLDOUT_SHARE", "0.4");
    settings.put("WEIR_TRAIN_EPOCHS", "1");
    settings.put("WEIR_TRAIN_THREADS", "1");
    settings.put("WEIR_TRAIN_LAYERS", "1");
    settings.put("WEIR_TRAIN_RANK", "4");
    settings.put("WEIR_TRAIN_MAX_TOKENS", "32");
    settings.put("WEIR_TRAIN_KEEP_VERSIONS", "1000");
    if (BASE.isEmpty()) {
      Path base = TestingBaseModel.write(directory.resolve("base"), 1);
      settings.put("WEIR_BASE_MODEL", base.toString());
    } else if (!BASE.equals("default")) {
      settings.put("WEIR_BASE_MODEL", BASE);
    }
    return settings;
  }

  private static Set<String> lastingThreads() {
    Set<String> names = new TreeSet<>();
    for (Thread each : Thread.getAllStackTraces().keySet()) {
      if (LASTING.matcher(each.getName()).matches()) {
        names.add(each.getName());
      }
    }
    return names;
  }

  private static long heapBytes() {
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  /** What the process holds after its garbage is gone; 0 where the system does not say. */
  private static long residentBytes() throws IOException {
    for (int i = 0; i < 3; i++) {
      ManagementFactory.getMemoryMXBean().gc();
    }
    Path status = Path.of("/proc/self/status");
    if (!Files.isReadable(status)) {
      return 0;
    }
    for (String line : Files.readAllLines(status)) {
      if (line.startsWith("VmRSS:")) {
        return Long.parseLong(line.replaceAll("\\D", "")) << 10;
      }
    }
    return 0;
  }
}
