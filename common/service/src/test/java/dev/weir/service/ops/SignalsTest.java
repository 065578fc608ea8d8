package dev.weir.service.ops;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** In a process of its own: a signal to the test's JVM would end the tests. */
class SignalsTest {

  @Test
  void stopRunsBeforeAnyShutdownHookAndTheProcessEndsWithZero() throws Exception {
    Process process =
        new ProcessBuilder(
                System.getProperty("java.home") + File.separator + "bin" + File.separator + "java",
                "-cp",
                System.getProperty("java.class.path"),
                Waiting.class.getName())
            .redirectErrorStream(true)
            .start();
    try (var reader = process.inputReader(StandardCharsets.UTF_8)) {
      String line = reader.readLine();
      while (line != null && !line.equals("waiting")) {
        line = reader.readLine();
      }
      assertThat(line).isEqualTo("waiting");
      process.toHandle().destroy(); // SIGTERM; Process.destroy would close the pipe, too
      assertThat(reader.lines()).containsExactly("drained", "hook");
    }
    assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isZero();
  }

  /** Waits for the signal as a service does, with a hook of somebody else's. */
  static final class Waiting {
    public static void main(String[] arguments) throws InterruptedException {
      CountDownLatch stop = new CountDownLatch(1);
      Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("hook")));
      Signals.onStop(stop::countDown);
      System.out.println("waiting");
      stop.await();
      System.out.println("drained");
    }
  }
}
