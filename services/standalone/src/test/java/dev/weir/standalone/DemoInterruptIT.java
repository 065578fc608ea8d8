package dev.weir.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.testing.TestingBaseModel;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The demo as the README starts it, without an end, in a process of its own that gets Ctrl-C. */
class DemoInterruptIT {

  @TempDir Path directory;

  @Test
  void demoWithoutAnEndGoesOnTellingAfterItHasLearnedAndLeavesNothingAfterCtrlC() throws Exception {
    Path temporary = Files.createDirectory(directory.resolve("tmp"));
    Process process = start(temporary);
    var unused =
        CompletableFuture.runAsync(
            process::destroyForcibly, CompletableFuture.delayedExecutor(240, TimeUnit.SECONDS));
    List<String> said = new ArrayList<>();
    try (BufferedReader output =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      assertThat(skipTo("all feedback is learned", output, said)).as("%s", said).isNotNull();
      assertThat(skipTo("] reviews ", output, said)).as("%s", said).isNotNull();
      // Twice, as a terminal and a process that passes it on do.
      interrupt(process);
      interrupt(process);
      output.lines().forEach(said::add);
    }
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as("%s", said).isIn(0, 130);
    assertThat(said).anyMatch(line -> line.startsWith("stopped;"));
    try (Stream<Path> left = Files.list(temporary)) {
      assertThat(left).as("temporary directory").isEmpty();
    }
  }

  private Process start(Path temporary) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    // A shell that starts a build in the background has children that ignore Ctrl-C.
    List<String> listening = List.of("env", "--default-signal=INT");
    if (succeeds(Stream.concat(listening.stream(), Stream.of("true")).toList())) {
      command.addAll(listening);
    }
    command.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx1g",
            "-Djava.io.tmpdir=" + temporary,
            "-Dai.djl.offline=true",
            "-cp",
            System.getProperty("java.class.path"),
            WeirMain.class.getName(),
            "demo",
            "--data",
            Files.write(directory.resolve("rows.jsonl"), rows()).toString(),
            "--rate",
            "60"));
    ProcessBuilder builder =
        new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(true);
    builder
        .environment()
        .putAll(
            Map.of(
                "WEIR_HTTP_PORT",
                "0",
                "WEIR_BASE_MODEL",
                TestingBaseModel.write(directory.resolve("base"), 1).toString(),
                "WEIR_TRAIN_EPOCHS",
                "1"));
    return builder.start();
  }

  private static boolean succeeds(List<String> command) throws InterruptedException {
    try {
      return new ProcessBuilder(command).redirectErrorStream(true).start().waitFor() == 0;
    } catch (IOException e) {
      return false;
    }
  }

  private static void interrupt(Process process) throws IOException, InterruptedException {
    new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor();
  }

  private static @Nullable String skipTo(String part, BufferedReader output, List<String> said)
      throws IOException {
    for (String line = output.readLine(); line != null; line = output.readLine()) {
      said.add(line);
      if (line.contains(part)) {
        return line;
      }
    }
    return null;
  }

  private static List<String> rows() {
    List<String> rows = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      String word = i % 2 == 0 ? "good" : "awful";
      String label = i % 2 == 0 ? "positive" : "negative";
      rows.add("{\"text\":\"a %s film, number %d\",\"label\":\"%s\"}".formatted(word, i, label));
    }
    return rows;
  }
}
