package dev.weir.inference.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.model.spec.Precision;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PrecisionChoiceTest {

  private static final List<String> BOTH = List.of("fp32", "int8", "one-of-the-future");

  @Test
  void eightBitsNeedTheGatesLeaveAndAProcessorThatGainsByThem() {
    PrecisionChoice fast = new PrecisionChoice(null, true);
    assertThat(fast.choose(BOTH)).isEqualTo(Precision.INT8);
    assertThat(fast.choose(List.of("fp32"))).isEqualTo(Precision.FP32);
    assertThat(fast.choose(List.of())).isEqualTo(Precision.FP32);
    assertThat(fast.likely()).isEqualTo(Precision.INT8);

    PrecisionChoice slow = new PrecisionChoice(null, false);
    assertThat(slow.choose(BOTH)).isEqualTo(Precision.FP32);
    assertThat(slow.likely()).isEqualTo(Precision.FP32);
  }

  @Test
  void forcedPrecisionHoldsWhateverTheGateSaid() {
    PrecisionChoice forced = PrecisionChoice.of("INT8");
    assertThat(forced.choose(List.of("fp32"))).isEqualTo(Precision.INT8);
    assertThat(forced.likely()).isEqualTo(Precision.INT8);
    assertThat(PrecisionChoice.of(" Auto ").forced()).isNull();
    assertThatThrownBy(() -> PrecisionChoice.of("int4")).hasMessageContaining("int8-weight-only");
  }

  @Test
  void processorSaysWhatItCanDo(@TempDir Path directory) throws Exception {
    Path info = directory.resolve("cpuinfo");
    assertThat(Processor.multipliesInt8Fast(info)).isFalse();
    Files.writeString(info, "processor\t: 0\nflags\t\t: fpu avx2 avx512f\n");
    assertThat(Processor.multipliesInt8Fast(info)).isFalse();
    Files.writeString(info, "processor\t: 0\nflags\t\t: fpu avx2 avx512_vnni\n");
    assertThat(Processor.multipliesInt8Fast(info)).isTrue();
  }
}
