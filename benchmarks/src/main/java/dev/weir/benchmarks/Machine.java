package dev.weir.benchmarks;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;

/** The machine and process that figures are of; reads Linux's {@code /proc}. */
public final class Machine {
  private static final List<String> TOLD =
      List.of("avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_int8", "asimddp");

  private Machine() {}

  /** Processor, its instructions that matter here, cores, load, memory, Java. */
  public static ObjectNode describe() {
    ObjectNode json = new ObjectMapper().createObjectNode();
    json.put("processor", field("model name", System.getProperty("os.arch", "unknown")));
    json.put("cores", Runtime.getRuntime().availableProcessors());
    TreeSet<String> flags = new TreeSet<>(List.of(field("flags", "").split(" ")));
    flags.retainAll(TOLD);
    flags.forEach(json.withArray("instructions")::add);
    json.put("loadAverageAtStart", first("/proc/loadavg"));
    json.put("maxHeapMiB", Runtime.getRuntime().maxMemory() >> 20);
    json.put("java", Runtime.version().toString());
    json.put("system", System.getProperty("os.name") + " " + System.getProperty("os.version"));
    return json;
  }

  /** The resident set of this process, in MiB. */
  public static double residentMebibytes() {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
        if (line.startsWith("VmRSS:")) {
          return Long.parseLong(line.replaceAll("\\D", "")) / 1024.0;
        }
      }
    } catch (IOException e) {
      throw new IllegalStateException("/proc/self/status cannot be read; measure on Linux", e);
    }
    throw new IllegalStateException("/proc/self/status has no VmRSS; measure on Linux");
  }

  /** Whether others ran here lately: a load average well above what these threads explain. */
  public static boolean loaded(int threads) {
    try {
      return Double.parseDouble(first("/proc/loadavg")) > 2.0 * threads + 1;
    } catch (NumberFormatException e) {
      return false;
    }
  }

  private static String field(String name, String otherwise) {
    try {
      return Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
          .filter(line -> line.startsWith(name))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst()
          .orElse(otherwise);
    } catch (IOException e) {
      return otherwise;
    }
  }

  private static String first(String file) {
    try {
      return Files.readString(Path.of(file)).split(" ")[0];
    } catch (IOException e) {
      return "unknown";
    }
  }
}
