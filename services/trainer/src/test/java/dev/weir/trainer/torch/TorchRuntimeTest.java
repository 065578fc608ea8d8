package dev.weir.trainer.torch;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class TorchRuntimeTest {

  /**
   * With DJL's operators on plain numbers nearly every one of these gradients is garbage: autograd
   * reads the number's memory after the collector has freed it.
   */
  @Test
  void gradientsThroughConstantsSurviveTheGarbageCollector() {
    for (int i = 0; i < 20; i++) {
      try (NDManager step = TorchRuntime.newManager();
          TorchRuntime.GradientMode on = TorchRuntime.gradients(true)) {
        assertThat(on.on()).isTrue();
        NDArray x = TorchRuntime.own(step, new float[] {1, 2, 3, 4}, 4);
        x.setRequiresGradient(true);
        NDArray scaled = x.mul(TorchRuntime.constant(step, 3)).sum();
        NDArray mean = scaled.div(TorchRuntime.constant(step, 4));
        collectAndReuseMemory();
        TorchRuntime.backward(mean);
        try (NDArray gradient = x.getGradient()) {
          assertThat(gradient.toFloatArray()).containsExactly(0.75f, 0.75f, 0.75f, 0.75f);
        }
      }
    }
  }

  @Test
  void ownedArraysShareNothingWithTheJavaArray() {
    float[] values = {1, 2, 3};
    try (NDManager manager = TorchRuntime.newManager()) {
      NDArray owned = TorchRuntime.own(manager, values, 3);
      values[0] = 9;
      collectAndReuseMemory();
      assertThat(owned.toFloatArray()).containsExactly(1, 2, 3);
      assertThat(manager.getManagedArrays()).hasSize(1);
    }
  }

  /** The collector does not see how large direct buffers are, and lets them pile up. */
  @Test
  void ownedArraysLeaveNoDirectBuffersForTheCollector() {
    float[] values = new float[1 << 18];
    long[] indices = new long[1 << 17];
    try (NDManager manager = TorchRuntime.newManager()) {
      long before = directBytes();
      for (int i = 0; i < 50; i++) {
        TorchRuntime.own(manager, values, values.length).close();
        TorchRuntime.own(manager, indices, indices.length).close();
      }
      assertThat(directBytes() - before).isLessThan((long) values.length * Float.BYTES);
    }
  }

  private static long directBytes() {
    return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
        .filter(pool -> pool.getName().equals("direct"))
        .mapToLong(BufferPoolMXBean::getMemoryUsed)
        .sum();
  }

  @Test
  void gradientModeIsRestored() {
    try (TorchRuntime.GradientMode off = TorchRuntime.gradients(false)) {
      try (TorchRuntime.GradientMode on = TorchRuntime.gradients(true)) {
        assertThat(on.before()).isFalse();
      }
      try (TorchRuntime.GradientMode again = TorchRuntime.gradients(false)) {
        assertThat(again.before()).isEqualTo(off.on());
      }
    }
  }

  private static void collectAndReuseMemory() {
    System.gc();
    List<ByteBuffer> reused = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      ByteBuffer buffer = ByteBuffer.allocateDirect(8);
      buffer.putLong(0, -1);
      reused.add(buffer);
    }
    assertThat(reused).hasSize(200);
  }
}
