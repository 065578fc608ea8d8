package dev.weir.inference;

import dev.weir.inference.device.PrecisionChoice;
import dev.weir.inference.device.ServingDevice;
import dev.weir.inference.slot.SlotPolicy;
import dev.weir.model.device.DeviceException;
import dev.weir.model.device.DeviceRequest;
import dev.weir.service.config.Setting;
import dev.weir.service.config.Settings;
import dev.weir.service.config.SettingsException;
import dev.weir.store.signing.ArtifactTrust;
import dev.weir.store.signing.StoreSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * How adapters are kept in memory and on this machine's disk.
 *
 * @param slots how many there are, and who keeps his
 * @param slotMemory most bytes of native memory that the slots take
 * @param cacheDirectory where copies of adapters are kept for those that are evicted
 * @param cacheBytes most bytes that the copies take
 * @param trust whose adapters are believed
 * @param device where adapters are asked to answer
 * @param precision which arithmetic an adapter is served in
 * @param merged the adapter that is served by its merged model; empty for none
 */
public record AdapterConfig(
    SlotPolicy slots,
    long slotMemory,
    Path cacheDirectory,
    long cacheBytes,
    ArtifactTrust trust,
    DeviceRequest device,
    PrecisionChoice precision,
    String merged) {

  private static final int MOST_SLOTS = 65536;

  private static final Setting<Integer> SLOTS =
      Setting.integer(
          "WEIR_SERVE_SLOTS",
          8,
          2,
          4096,
          "adapter slots at the start; they double when they run out");

  private static final Setting<Integer> MAX_SLOTS =
      Setting.integer(
          "WEIR_SERVE_MAX_SLOTS",
          1024,
          2,
          MOST_SLOTS,
          "most adapter slots; beyond, the least recently used adapter goes to disk until a text for"
              + " it comes");

  private static final Setting<Integer> SLOT_MEMORY_MB =
      Setting.integer(
          "WEIR_SERVE_SLOT_MEMORY_MB",
          1024,
          1,
          1 << 20,
          "most native memory that the slots take, in MiB; every slot is as large as the largest"
              + " adapter's rank needs, so a larger rank leaves room for fewer");

  private static final Setting<Set<String>> PINNED =
      Setting.text("WEIR_SERVE_PINNED", "", "adapters that are never evicted, separated by commas")
          .map(AdapterConfig::names);

  private static final Setting<Duration> LOAD_WAIT =
      Setting.duration(
          "WEIR_SERVE_LOAD_WAIT",
          "10s",
          Duration.ofMillis(10),
          Duration.ofMinutes(1),
          "how long a text waits for its evicted adapter to be loaded; then it is abstained");

  private static final Setting<Path> CACHE_DIR =
      Setting.text(
              "WEIR_SERVE_CACHE_DIR",
              "weir-data/serving-cache",
              "directory on this machine's disk for copies of adapters, which evicted ones are loaded"
                  + " from; without the store, also after a restart")
          .map(Path::of);

  private static final Setting<Integer> CACHE_MB =
      Setting.integer(
          "WEIR_SERVE_CACHE_MB",
          4096,
          0,
          1 << 24,
          "most space that the copies take, in MiB; an adapter without one is not evicted");

  private static final Setting<DeviceRequest> DEVICE =
      Setting.oneOf(
              "WEIR_SERVE_DEVICE",
              "auto",
              "where adapters answer: cuda needs a GPU and a build with the Maven profile serve-cuda,"
                  + " auto takes the CPU where either is missing; a GPU serves fp32",
              "auto",
              "cpu",
              "cuda")
          .map(word -> DeviceRequest.valueOf(word.toUpperCase(Locale.ROOT)));

  private static final Setting<PrecisionChoice> PRECISION =
      Setting.oneOf(
              "WEIR_SERVE_PRECISION",
              PrecisionChoice.AUTO,
              "arithmetic of the base model; auto chooses for each adapter: int8 where its gate allowed"
                  + " it and the processor has VNNI, else fp32. The others are forced on all: int8 is"
                  + " faster, and an answer then depends slightly on the texts it is batched with;"
                  + " int8-weight-only is small, not fast, and free of that",
              PrecisionChoice.AUTO,
              "fp32",
              "int8",
              "int8-weight-only")
          .map(PrecisionChoice::of);

  private static final Setting<String> MERGED =
      Setting.text(
              "WEIR_SERVE_MERGED",
              "",
              "one adapter that is served by its merged model, in a session of its own: no LoRA to"
                  + " compute, for the base's memory once more and a slower release; empty for none")
          .map(String::strip);

  /** These settings, in the order of the README's table. */
  static List<Setting<?>> settings() {
    return List.of(
        SLOTS,
        MAX_SLOTS,
        SLOT_MEMORY_MB,
        PINNED,
        LOAD_WAIT,
        CACHE_DIR,
        CACHE_MB,
        DEVICE,
        PRECISION,
        MERGED);
  }

  /** The device's setting as a process reads it that serves: a GPU that is asked for is there. */
  static Setting<DeviceRequest> servingDevice() {
    return DEVICE.map(
        request -> {
          Optional<DeviceException> missing =
              request == DeviceRequest.CUDA ? ServingDevice.missing() : Optional.empty();
          if (missing.isPresent()) {
            throw new IllegalArgumentException("is 'cuda'. " + missing.get().getMessage());
          }
          return request;
        });
  }

  static AdapterConfig from(Settings settings) {
    DeviceRequest device = settings.get(DEVICE);
    PrecisionChoice precision = settings.get(PRECISION);
    Optional<DeviceException> unserved =
        device == DeviceRequest.CUDA
            ? ServingDevice.unserved(precision.forced())
            : Optional.empty();
    if (unserved.isPresent()) {
      throw new SettingsException(
          List.of("WEIR_SERVE_DEVICE is cuda. " + unserved.get().getMessage()));
    }
    return new AdapterConfig(
        new SlotPolicy(
            settings.get(SLOTS),
            settings.get(MAX_SLOTS),
            settings.get(PINNED),
            settings.get(LOAD_WAIT)),
        (long) settings.get(SLOT_MEMORY_MB) << 20,
        settings.get(CACHE_DIR),
        (long) settings.get(CACHE_MB) << 20,
        settings.get(StoreSettings.TRUSTED_KEYS),
        device,
        precision,
        settings.get(MERGED));
  }

  private static Set<String> names(String written) {
    return Arrays.stream(written.split(","))
        .map(String::strip)
        .filter(name -> !name.isEmpty())
        .collect(Collectors.toSet());
  }
}
