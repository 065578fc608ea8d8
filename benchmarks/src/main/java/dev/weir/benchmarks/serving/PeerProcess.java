package dev.weir.benchmarks.serving;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Another implementation as a child process; its output goes to a file. */
final class PeerProcess implements AutoCloseable {
  private static final Duration START = Duration.ofSeconds(90);

  private final Process process;
  private final Thread atExit = new Thread(this::end, "peer-end");

  private PeerProcess(Process process) {
    this.process = process;
    // Ctrl-C must not leave it behind: it would take the cores of the next run.
    Runtime.getRuntime().addShutdownHook(atExit);
  }

  /**
   * Starts it and waits until it answers.
   *
   * @param health answers 200 once it is up
   * @throws IOException if it ends or does not answer in time; the message has its last words
   */
  static PeerProcess start(List<String> command, URI health, Path log)
      throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    PeerProcess peer = new PeerProcess(process);
    boolean up = false;
    try {
      up = peer.awaitUp(health);
    } finally {
      if (!up) {
        peer.close();
      }
    }
    if (!up) {
      throw new IOException(lastWords(log));
    }
    return peer;
  }

  private boolean awaitUp(URI health) throws InterruptedException {
    HttpClient client = HttpClient.newHttpClient();
    HttpRequest request = HttpRequest.newBuilder(health).timeout(Duration.ofSeconds(5)).build();
    long deadline = System.nanoTime() + START.toNanos();
    while (process.isAlive() && System.nanoTime() < deadline) {
      try {
        if (client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200) {
          return true;
        }
      } catch (IOException e) {
        TimeUnit.MILLISECONDS.sleep(200); // Not listening yet.
      }
    }
    return false;
  }

  private static String lastWords(Path log) throws IOException {
    List<String> lines = Files.readAllLines(log).stream().filter(line -> !line.isBlank()).toList();
    return lines.isEmpty()
        ? "did not answer within " + START.toSeconds() + " s"
        : lines.get(lines.size() - 1).strip();
  }

  @Override
  public void close() {
    end();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
      }
      Runtime.getRuntime().removeShutdownHook(atExit);
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    } catch (IllegalStateException e) {
      // The process is ending already, and the hook is at work.
    }
  }

  private void end() {
    process.descendants().forEach(ProcessHandle::destroy);
    process.destroy();
  }
}
