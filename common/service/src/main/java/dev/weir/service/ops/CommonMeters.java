package dev.weir.service.ops;

import dev.weir.contract.event.AdapterCatalog;
import dev.weir.service.security.TlsIdentity;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.File;
import java.nio.file.Path;
import java.util.List;

/** The meters that every process of Weir has. */
public final class CommonMeters {

  static final MeterSpec READY =
      MeterSpec.gauge(
          "weir.health.ready",
          "1 while every component that the answers need is up, as /health/ready says");

  static final MeterSpec COMPONENT =
      MeterSpec.gauge(
          "weir.health.component",
          "1 while the component is up, 0 while it is down or dead",
          "component");

  /** Counted by {@code SkippedRecords} of the package topic. */
  public static final MeterSpec SKIPPED =
      MeterSpec.counter(
          "weir.records.skipped",
          "records of Weir's own topics that were not usable and were passed over; the log has"
              + " their positions",
          "topic",
          "reason");

  private static final MeterSpec DISK_FREE =
      MeterSpec.gaugeIn(
          "bytes",
          "weir.disk.free",
          "space left to this process where a directory of it lies",
          "directory");

  private static final MeterSpec DISK_SIZE =
      MeterSpec.gaugeIn(
          "bytes", "weir.disk.size", "size of the file system where a directory lies", "directory");

  static final MeterSpec RESIDENT_MEMORY =
      MeterSpec.gaugeIn(
          "bytes",
          "process.resident.memory",
          "memory of this process that is in RAM, native memory of models included; Linux only");

  static final MeterSpec MEMORY_LIMIT =
      MeterSpec.gaugeIn(
          "bytes",
          "weir.memory.limit",
          "what this process may take of memory at most: the limit of its cgroup, else the machine's memory");

  private static final MeterSpec CERTIFICATE =
      MeterSpec.gaugeIn(
          "seconds",
          "weir.tls.certificate.expiry.timestamp",
          "when the first certificate of the chain ends that new connections are shown, since the epoch;"
              + " no series without TLS");

  /** Adapters whose counters are there from the start; of more, a counter begins with its value. */
  private static final int MOST_ADAPTERS = 200;

  private CommonMeters() {}

  /** All of them, in the order of the reference. */
  public static List<MeterSpec> all() {
    return List.of(
        READY,
        COMPONENT,
        SKIPPED,
        DISK_FREE,
        DISK_SIZE,
        RESIDENT_MEMORY,
        MEMORY_LIMIT,
        CERTIFICATE);
  }

  /**
   * The declared adapters that have their counters from the start: the first 200 by name. Each
   * adapter costs some 40 series in a process of all three services.
   */
  public static List<String> countedFromTheStart(AdapterCatalog catalog) {
    return catalog.names().stream()
        .filter(name -> !name.equals(AdapterCatalog.ANY))
        .sorted()
        .limit(MOST_ADAPTERS)
        .toList();
  }

  /** Shows until when a server's certificate is valid, also after it was read anew. */
  public static void certificate(MeterRegistry registry, TlsIdentity identity) {
    CERTIFICATE.gauge(registry, () -> identity.validUntil().getEpochSecond());
  }

  /**
   * Shows how full the disk of a directory is.
   *
   * @param directory what it is for: a word, not the path
   * @param path where it is; need not exist yet
   */
  public static void disk(MeterRegistry registry, String directory, Path path) {
    File place = path.toAbsolutePath().toFile();
    DISK_FREE.gauge(registry, () -> existing(place).getUsableSpace(), directory);
    DISK_SIZE.gauge(registry, () -> existing(place).getTotalSpace(), directory);
  }

  private static File existing(File place) {
    File at = place;
    while (!at.exists() && at.getParentFile() != null) {
      at = at.getParentFile();
    }
    return at;
  }
}
