package dev.weir.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.broker.BrokerStartException.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataDirectoryTest {
  @TempDir Path temp;

  @Test
  void createsAbsentDirectory() {
    DataDirectory directory = DataDirectory.claim(temp.resolve("a/b"));

    assertThat(directory.path()).isDirectory();
    assertThat(directory.isFormatted()).isFalse();
  }

  @Test
  void refusesDirectoryOfAnotherBrokerInThisProcessUntilReleased() {
    DataDirectory first = DataDirectory.claim(temp);

    assertThatThrownBy(() -> DataDirectory.claim(temp))
        .isInstanceOfSatisfying(
            BrokerStartException.class,
            e -> assertThat(e.reason()).isEqualTo(Reason.DATA_DIR_LOCKED))
        .hasMessageContaining("in use by another broker in this process");

    first.release();
    assertThat(DataDirectory.claim(temp).path()).isDirectory();
  }

  @Test
  void refusesDirectoryThatHoldsSomethingElse() throws IOException {
    Files.createDirectory(temp.resolve("photos"));

    assertThatThrownBy(() -> DataDirectory.claim(temp))
        .hasMessageContaining("holds other files (photos)")
        .hasMessageContaining("--data-dir");
  }

  @Test
  void refusesFullDisk() {
    assertThatThrownBy(() -> DataDirectory.requireSpace(temp, 3L << 20))
        .isInstanceOfSatisfying(
            BrokerStartException.class, e -> assertThat(e.reason()).isEqualTo(Reason.DISK_FULL))
        .hasMessageContaining("3 MiB of disk space left");
  }
}
