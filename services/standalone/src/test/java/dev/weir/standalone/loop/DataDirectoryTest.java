package dev.weir.standalone.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
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
  void missingDirectoryIsCreatedForItsOwnerAloneAndCanBeDeleted() throws IOException {
    Path fresh = dir.resolve("a/b");
    DataDirectory.prepare(fresh);
    assertThat(permissions(fresh)).isEqualTo("rwx------");
    assertThat(permissions(fresh.resolve("kafka"))).isEqualTo("rwx------");
    DataDirectory.delete(dir.resolve("a"));
    assertThat(dir.resolve("a")).doesNotExist();
  }

  @Test
  void partsOfADirectoryThatIsSharedAreClosedAndItselfIsLeftAsItIs() throws IOException {
    Path shared = Files.createDirectory(dir.resolve("shared"));
    Path logs = Files.createDirectory(shared.resolve("kafka"));
    for (Path each : List.of(shared, logs)) {
      Files.setPosixFilePermissions(each, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
    DataDirectory.prepare(shared);
    assertThat(permissions(shared)).isEqualTo("rwxr-xr-x");
    assertThat(permissions(logs)).isEqualTo("rwx------");
  }

  private static String permissions(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }
}
