package dev.weir.benchmarks.recovery;

import dev.weir.standalone.WeirMain;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A Java process on this one's class path, which gets signals. Its output goes to a file. It is
 * killed when it is closed and when this process ends.
 *
 * <p>For one thread.
 */
final class Child implements AutoCloseable {

  private static final long END_SECONDS = 60;

  /** Where the command line was put together, and the archive of its classes by {@code ./weir}. */
  private static final Path BUILT = Path.of("services/standalone/target/weir").toAbsolutePath();

  private final String name;
  private final Process process;
  private final Path log;
  private final long startedAt;
  private final Thread atExit;

  private Child(String name, Process process, Path log, long startedAt) {
    this.name = name;
    this.process = process;
    this.log = log;
    this.startedAt = startedAt;
    this.atExit = new Thread(process::destroyForcibly, "kill-" + name);
    Runtime.getRuntime().addShutdownHook(atExit);
  }

  /** Starts Weir's command line as {@code ./weir} does; its output is appended to {@code log}. */
  static Child weir(
      String name, String heap, Map<String, String> environment, String command, Path log)
      throws IOException {
    return start(
        name,
        heap,
        environment,
        List.of(
            "-XX:SharedArchiveFile=" + archive(),
            "-Xlog:cds=off",
            "-Xlog:cds+dynamic=off",
            "-cp",
            BUILT.resolve("lib") + "/*",
            WeirMain.class.getName(),
            command),
        log);
  }

  private static Path archive() throws IOException {
    Path archive = BUILT.resolve("classes.jsa");
    FileTime made =
        Files.isReadable(archive) ? Files.getLastModifiedTime(archive) : FileTime.fromMillis(0);
    try (DirectoryStream<Path> jars = Files.newDirectoryStream(BUILT.resolve("lib"))) {
      for (Path jar : jars) {
        if (Files.getLastModifiedTime(jar).compareTo(made) > 0) {
          throw new IOException(
              archive
                  + " is older than "
                  + jar
                  + "; remove "
                  + BUILT
                  + "/built, run ./weir --version");
        }
      }
    }
    return archive;
  }

  /** Starts a main class of the benchmarks. */
  static Child main(String name, String heap, List<String> arguments, Path log) throws IOException {
    List<String> all = new ArrayList<>(List.of("-cp", System.getProperty("java.class.path")));
    all.addAll(arguments);
    return start(name, heap, Map.of(), all, log);
  }

  private static Child start(
      String name, String heap, Map<String, String> environment, List<String> arguments, Path log)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Xmx" + heap);
    // As ./weir starts a process.
    command.add("-XX:+UseG1GC");
    command.add("-XX:+ExitOnOutOfMemoryError");
    command.add("-Dai.djl.offline=true");
    command.add("-DOPT_OUT_TRACKING=true");
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().keySet().removeIf(variable -> variable.startsWith("WEIR_"));
    builder.environment().putAll(environment);
    builder
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    long startedAt = System.nanoTime();
    return new Child(name, builder.start(), log, startedAt);
  }

  /** When it was started, of {@link System#nanoTime()}. */
  long startedAt() {
    return startedAt;
  }

  /** {@code kill -9}; returns once it is gone. */
  void kill() throws InterruptedException {
    process.destroyForcibly();
    awaitEnd();
  }

  /** SIGTERM; returns once it has ended. */
  void stop() throws InterruptedException, IOException {
    process.destroy();
    awaitEnd();
    if (process.exitValue() != 0) {
      throw new IOException(name + " ended with " + process.exitValue() + "; " + lastWords());
    }
  }

  /** SIGSTOP: it stays, and does nothing. */
  void freeze() throws IOException, InterruptedException {
    signal("-STOP");
  }

  /** SIGCONT: it goes on. */
  void thaw() throws IOException, InterruptedException {
    signal("-CONT");
  }

  private void signal(String signal) throws IOException, InterruptedException {
    Process sent = new ProcessBuilder("kill", signal, Long.toString(process.pid())).start();
    if (!sent.waitFor(10, TimeUnit.SECONDS) || sent.exitValue() != 0) {
      throw new IOException("kill " + signal + " of " + name + " failed");
    }
  }

  /** Fails, with its last words, when it has ended. */
  void requireAlive() throws IOException {
    if (!process.isAlive()) {
      throw new IOException(name + " ended with " + process.exitValue() + "; " + lastWords());
    }
  }

  private String lastWords() throws IOException {
    List<String> lines = Files.readAllLines(log);
    return log
        + ": "
        + String.join(" | ", lines.subList(Math.max(0, lines.size() - 3), lines.size()));
  }

  private void awaitEnd() throws InterruptedException {
    if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new IllegalStateException(name + " does not end within " + END_SECONDS + " s");
    }
  }

  @Override
  public void close() {
    process.destroyForcibly(); // SIGKILL ends a frozen process, too.
    try {
      process.waitFor(END_SECONDS, TimeUnit.SECONDS);
      Runtime.getRuntime().removeShutdownHook(atExit);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IllegalStateException e) {
      // This process is ending, and the hook is at work.
    }
  }
}
