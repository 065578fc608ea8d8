package dev.weir.standalone.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataDirectoryTest {

  @TempDir Path dir;

  @Test
  void fullDiskIsReportedWithWhatIsFreeAndWhatIsNeeded() {
    assertThatThrownBy(() -> DataDirectory.check(dir, 5L << 20))
        .hasMessageContaining("5 MiB free, at least 1024 MiB")
        .hasMessageContaining("--data-dir");
  }

  @Test
  void directoryThatIsAFileIsReportedWithTheRemedy() throws IOException {
    Path file = Files.writeString(dir.resolve("file"), "");
    assertThatThrownBy(() -> DataDirectory.prepare(file)).hasMessageContaining("--data-dir");
  }

  @Test
  void missingDirectoryIsCreatedAndLeftEmpty() throws IOException {
    Path fresh = dir.resolve("a/b");
    DataDirectory.prepare(fresh);
    assertThat(fresh).isEmptyDirectory();
    DataDirectory.delete(dir.resolve("a"));
    assertThat(dir.resolve("a")).doesNotExist();
  }
}
