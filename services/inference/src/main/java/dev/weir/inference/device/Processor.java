package dev.weir.inference.device;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** What this machine's processor can do, as far as it says so. */
final class Processor {

  private static final Path CPU_INFO = Path.of("/proc/cpuinfo");
  private static final List<String> VNNI = List.of("avx512_vnni", "avx_vnni");

  private Processor() {}

  /**
   * Whether it multiplies 8-bit integers in one instruction (x86 VNNI): without, 8 bits save memory
   * and no time (decision 0003). Where nobody says so, and off x86, where it was not measured, the
   * answer is no.
   */
  static boolean multipliesInt8Fast() {
    return multipliesInt8Fast(CPU_INFO);
  }

  static boolean multipliesInt8Fast(Path cpuInfo) {
    try (Stream<String> lines = Files.lines(cpuInfo)) {
      return lines
          .filter(line -> line.startsWith("flags"))
          .findFirst()
          .map(line -> List.of(line.split("\\s+")))
          .filter(flags -> VNNI.stream().anyMatch(flags::contains))
          .isPresent();
    } catch (IOException | UncheckedIOException e) {
      return false; // No Linux.
    }
  }
}
