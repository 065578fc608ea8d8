package dev.weir.standalone.cli;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/** The most memory that this process has held, native memory included. */
final class PeakMemory {

  private static final String HIGH_WATER = "VmHWM:";

  private PeakMemory() {}

  /** Peak resident set in MiB; where the system does not tell, the heap and non-heap in use. */
  static long mebibytes() {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
        if (line.startsWith(HIGH_WATER)) {
          return Long.parseLong(line.replaceAll("\\D", "")) / 1024;
        }
      }
    } catch (IOException e) {
      // Not Linux.
    }
    var memory = ManagementFactory.getMemoryMXBean();
    return (memory.getHeapMemoryUsage().getUsed() + memory.getNonHeapMemoryUsage().getUsed()) >> 20;
  }
}
