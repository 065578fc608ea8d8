package dev.weir.service.ops;

import com.sun.management.OperatingSystemMXBean;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * How much memory this process has in RAM, and how much it may have at most.
 *
 * <p>The heap is less than half of it: models, training and RocksDB take native memory, and the
 * kernel ends a container by the sum. Where {@code /proc} is missing, nothing is shown.
 */
final class ProcessMemory {

  private static final Path STATUS = Path.of("/proc/self/status");
  private static final String RESIDENT = "VmRSS:";

  private final Path status;

  ProcessMemory() {
    this(STATUS);
  }

  ProcessMemory(Path status) {
    this.status = status;
  }

  void bindTo(MeterRegistry registry) {
    if (Double.isNaN(resident())) {
      return;
    }
    CommonMeters.RESIDENT_MEMORY.gauge(registry, this::resident);
    CommonMeters.MEMORY_LIMIT.gauge(registry, ProcessMemory::limit);
  }

  /** Bytes in RAM; not a number where that cannot be known. */
  double resident() {
    try {
      List<String> lines = Files.readAllLines(status);
      for (String line : lines) {
        if (line.startsWith(RESIDENT)) {
          String kibibytes = line.substring(RESIDENT.length()).replace("kB", "").strip();
          return Long.parseLong(kibibytes) * 1024.0;
        }
      }
    } catch (IOException | NumberFormatException e) {
      return Double.NaN; // Not Linux, or hidden.
    }
    return Double.NaN;
  }

  /**
   * The JVM knows the limits of cgroups, version 1 and 2, from inside and outside of containers.
   */
  private static double limit() {
    return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
  }
}
