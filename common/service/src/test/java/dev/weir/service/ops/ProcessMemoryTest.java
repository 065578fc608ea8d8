package dev.weir.service.ops;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessMemoryTest {

  @TempDir Path directory;

  @Test
  void residentMemoryIsTheKernelsCountInBytes() throws IOException {
    Path status = directory.resolve("status");
    Files.writeString(
        status, "Name:\tjava\nVmHWM:\t  900 kB\nVmRSS:\t  1234 kB\nRssAnon:\t 1 kB\n");
    assertThat(new ProcessMemory(status).resident()).isEqualTo(1234 * 1024.0);
  }

  @Test
  void nothingIsShownWhereTheKernelSaysNothing() throws IOException {
    assertThat(new ProcessMemory(directory.resolve("missing")).resident()).isNaN();
    Path status = Files.writeString(directory.resolve("status"), "Name:\tjava\n");
    try (Metrics metrics = new Metrics()) {
      metrics.registry().clear();
      new ProcessMemory(status).bindTo(metrics.registry());
      assertThat(metrics.scrape()).doesNotContain("process_resident_memory_bytes");
    }
  }
}
