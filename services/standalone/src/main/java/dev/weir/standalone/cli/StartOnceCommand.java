package dev.weir.standalone.cli;

import dev.weir.service.trace.Tracing;
import dev.weir.standalone.loop.LocalLoop;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Starts the whole loop and ends it: the run in which a JVM records the classes that services load,
 * so that it can map them at the next start (application class-data sharing, JEP 310 and 350). For
 * {@code ./weir} and for who builds an image.
 */
@Command(
    name = "start-once",
    hidden = true,
    mixinStandardHelpOptions = true,
    description =
        "Start and stop broker and services; with -XX:ArchiveClassesAtExit the JVM archives the"
            + " classes, and later starts take less time.")
final class StartOnceCommand implements Callable<Integer> {

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** None of the user's settings: this loop must not touch the user's store or broker. */
  private static final Map<String, String> SETTINGS = Map.of("WEIR_HTTP_PORT", "0");

  @Option(names = "--data-dir", required = true, description = "an empty directory")
  private Path dataDir = Path.of("");

  @Override
  public Integer call() throws Exception {
    try (LocalLoop loop =
        new LocalLoop(dataDir, 0, SETTINGS, () -> Tracing.open("weir", Map.of()))) {
      loop.start();
      HttpRequest ready =
          HttpRequest.newBuilder(URI.create(loop.httpUrl() + "/health/ready")).build();
      HttpClient http = HttpClient.newHttpClient();
      long deadline = System.nanoTime() + PATIENCE.toNanos();
      while (http.send(ready, HttpResponse.BodyHandlers.discarding()).statusCode() != 200
          && System.nanoTime() < deadline) {
        TimeUnit.MILLISECONDS.sleep(200);
      }
    }
    return 0;
  }
}
