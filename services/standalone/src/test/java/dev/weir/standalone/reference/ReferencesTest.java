package dev.weir.standalone.reference;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ReferencesTest {

  private static final Path CONTRACT = Path.of("../../common/contract/src/main/java");
  private static final Path DOCS = Path.of("../../docs");

  @Test
  void filesSayWhatTheCodeSays() throws IOException {
    Path made = Files.createDirectories(Path.of("target/references"));
    Map<String, String> references = new References(CONTRACT).all();
    for (Map.Entry<String, String> each : references.entrySet()) {
      Files.writeString(made.resolve(each.getKey()), each.getValue());
    }
    for (Map.Entry<String, String> each : references.entrySet()) {
      Path file = DOCS.resolve(each.getKey());
      assertThat(Files.exists(file) ? Files.readString(file) : "")
          .as("cp services/standalone/target/references/* docs/ and look at the difference")
          .isEqualTo(each.getValue());
    }
  }
}
