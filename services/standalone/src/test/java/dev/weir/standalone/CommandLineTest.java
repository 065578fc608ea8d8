package dev.weir.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class CommandLineTest {

  @TempDir Path dir;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "demo",
        "up",
        "curation",
        "trainer",
        "inference",
        "produce",
        "tail",
        "train",
        "eval",
        "classify",
        "adapters",
        "settings"
      })
  void everyCommandHelps(String command) {
    String[] arguments =
        command.isEmpty() ? new String[] {"--help"} : new String[] {command, "--help"};
    assertThat(run(Map.of(), arguments)).isZero();
    assertThat(out.toString()).contains("Usage: weir");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "nonsense",
        "demo --port many",
        "demo --json",
        "demo --rate 0",
        "tail nothing",
        "produce apples -",
        "adapters",
        "train"
      })
  void badUsageEndsWithTwo(String line) {
    assertThat(run(Map.of(), line.split(" "))).isEqualTo(2);
    assertThat(err.toString()).isNotBlank();
  }

  @Test
  void badSettingsEndWithTwoAndAreAllListed() {
    assertThat(
            run(
                Map.of("WEIR_PARTITIONS", "0", "WEIR_BASE_MODLE", "x"),
                "up",
                "--data-dir",
                dir.toString()))
        .isEqualTo(2);
    assertThat(err.toString())
        .contains("WEIR_PARTITIONS is 0")
        .contains("did you mean WEIR_BASE_MODEL?");
  }

  @Test
  void brokerThatIsNotThereIsOneClearLine() {
    assertThat(run(Map.of(), "tail", "reviews", "--bootstrap-servers", "127.0.0.1:1", "--max", "1"))
        .isEqualTo(1);
    assertThat(err.toString().strip().lines()).hasSize(1);
    assertThat(err.toString()).contains("--bootstrap-servers");
  }

  @Test
  void inferenceThatIsNotThereIsOneClearLine() {
    assertThat(run(Map.of(), "classify", "--url", "http://127.0.0.1:1", "fine")).isEqualTo(1);
    assertThat(err.toString()).contains("weir up").contains("--url");
  }

  @Test
  void missingInputFileIsBadUsageThatNamesIt() throws Exception {
    assertThat(run(Map.of(), "produce", "reviews", dir.resolve("none").toString())).isEqualTo(2);
    assertThat(err.toString()).contains("cannot read");
    assertThat(
            run(
                Map.of(),
                "demo",
                "--once",
                "--data",
                Files.createFile(dir.resolve("e")).toString()))
        .isEqualTo(1);
    assertThat(err.toString()).contains("usable rows");
  }

  private int run(Map<String, String> environment, String... arguments) {
    CommandLine line = WeirMain.commandLine(environment);
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(err));
    return line.execute(arguments);
  }
}
