package dev.weir.deploy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs a command to its end. */
final class Commands {

  /**
   * What a command left.
   *
   * @param code its exit code
   * @param output what it printed, errors included
   */
  record Result(int code, String output) {}

  private Commands() {}

  static Result run(List<String> command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (!process.waitFor(2, TimeUnit.MINUTES)) {
      process.destroyForcibly();
      throw new IOException(String.join(" ", command) + " did not end within 2 minutes");
    }
    return new Result(process.exitValue(), output);
  }

  /** Its output, when it went well. */
  static String output(String... command) throws IOException, InterruptedException {
    Result result = run(List.of(command));
    if (result.code() != 0) {
      throw new IOException(
          String.join(" ", command) + " ended with " + result.code() + ": " + result.output());
    }
    return result.output();
  }
}
