package dev.weir.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StartOnceIT {

  @TempDir Path directory;

  @Test
  void startsAndEndsWithoutTheStoreOrTheBrokerOfTheSettings() {
    Map<String, String> settings =
        Map.of("WEIR_STORE", "s3://no-such-bucket/adapters", "WEIR_BOOTSTRAP_SERVERS", "no.such:1");
    String data = directory.resolve("data").toString();
    assertThat(WeirMain.run(new String[] {"start-once", "--data-dir", data}, settings)).isZero();
    assertThat(Files.exists(directory.resolve("data/adapters"))).isTrue();
  }
}
