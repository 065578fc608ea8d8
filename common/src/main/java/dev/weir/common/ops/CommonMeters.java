package dev.weir.common.ops;

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

  private CommonMeters() {}

  /** All of them, in the order of the reference. */
  public static List<MeterSpec> all() {
    return List.of(READY, COMPONENT, SKIPPED, DISK_FREE, DISK_SIZE);
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
