package dev.weir.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * A process in an image's surroundings.
 *
 * @param name of the service
 * @param process the process, which gets the signals itself
 * @param log what it printed
 */
record Container(String name, Process process, Path log) implements AutoCloseable {

  /** The most memory that it had in RAM, in bytes; while it runs. */
  long peakMemory() throws IOException {
    return Files.readString(Path.of("/proc", Long.toString(process.pid()), "status"))
            .lines()
            .filter(line -> line.startsWith("VmHWM:"))
            .map(line -> line.replaceAll("[^0-9]", ""))
            .mapToLong(Long::parseLong)
            .findFirst()
            .orElseThrow()
        << 10;
  }

  /** Sends SIGTERM and waits for an orderly end. */
  void stop(long seconds) throws InterruptedException {
    process.destroy();
    assertThat(process.waitFor(seconds, TimeUnit.SECONDS))
        .as("%s ended%n%s", name, logs())
        .isTrue();
    assertThat(process.exitValue()).as("%s%n%s", name, logs()).isIn(0, 143);
  }

  /** What it printed. */
  String logs() {
    return Repository.read(log);
  }

  /** Kills it and waits until it is gone, so that its directory can be removed. */
  @Override
  public void close() {
    process.destroyForcibly().onExit().join();
  }
}
