package dev.weir.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class ReadmeTest {

  @Test
  void settingsTableIsTheOneThatTheCodeHas() throws IOException {
    StringWriter table = new StringWriter();
    CommandLine line = WeirMain.commandLine(Map.of());
    line.setOut(new PrintWriter(table));
    assertThat(line.execute("settings")).isZero();
    String readme = Files.readString(Path.of("../../README.md"));
    assertThat(readme)
        .as("replace the README's settings table with the output of ./weir settings")
        .contains(table.toString().strip());
  }
}
