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

  private PeerProcess(Process process) {
    this.process = process;
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
    process.descendants().forEach(ProcessHandle::destroy);
    process.destroy();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
