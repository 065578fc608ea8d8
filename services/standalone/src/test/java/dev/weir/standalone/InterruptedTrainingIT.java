package dev.weir.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InterruptedTrainingIT {

  @TempDir Path directory;

  /** ONNX Runtime's shutdown hook freed its environment under the running session. */
  @Test
  void terminatingATrainingEndsItWithoutANativeCrash() throws IOException, InterruptedException {
    Path data = Files.write(directory.resolve("data.jsonl"), rows());
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx2g",
                "-cp",
                System.getProperty("java.class.path"),
                WeirMain.class.getName(),
                "train",
                "--data",
                data.toString(),
                "--eval",
                data.toString(),
                "--out",
                directory.resolve("adapter").toString())
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .start();
    try (BufferedReader output =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      String line = output.readLine();
      while (line != null && !line.startsWith("training on")) {
        line = output.readLine();
      }
      process.toHandle().destroy(); // unlike the process itself, it leaves the output open
      String rest = String.join("\n", output.lines().toList());

      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(rest).doesNotContain("SIGSEGV");
    }
    assertThat(process.exitValue()).isEqualTo(130);
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files.map(file -> file.getFileName().toString())).containsExactly("data.jsonl");
    }
  }

  private static List<String> rows() {
    List<String> rows = new ArrayList<>();
    for (int i = 0; i < 2000; i++) {
      String label = i % 2 == 0 ? "positive" : "negative";
      rows.add(
          "{\"id\":\"r%d\",\"label\":\"%s\",\"text\":\"number %d is %s, and so was the one before it\"}"
              .formatted(i, label, i, label));
    }
    return rows;
  }
}
