package dev.weir.trainer.torch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;

/** In what numbers the frozen linear layers are computed while training. */
public enum Arithmetic {
  /** 32-bit floats, as serving does. */
  FP32,
  /**
   * bfloat16 products with 32-bit sums; LoRA, head, norms and optimizer stay in 32 bits. Faster
   * where the processor has instructions for it, far slower elsewhere.
   */
  BF16;

  private static final Path CPU = Path.of("/proc/cpuinfo");
  private static final Set<String> FLAGS = Set.of("avx512_bf16", "amx_bf16");

  /** The name in a setting. */
  public String id() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The faster one on this processor; 32 bits where that cannot be told. */
  public static Arithmetic fastest() {
    if (!Files.isReadable(CPU)) {
      return FP32;
    }
    try (Stream<String> lines = Files.lines(CPU)) {
      boolean has =
          lines
              .filter(line -> line.startsWith("flags"))
              .findFirst()
              .map(line -> List.of(line.split("\\s+")).stream().anyMatch(FLAGS::contains))
              .orElse(false);
      return has ? BF16 : FP32;
    } catch (IOException e) {
      return FP32;
    }
  }
}
