package dev.weir.model.safetensors;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.weir.model.spec.ModelException;
import dev.weir.model.spec.Tensor;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsFuzzTest {

  private static final int MUTATIONS = 2_000;

  /** Buffers of the JSON parser and the like, whatever the file's size. */
  private static final long FIXED_BYTES = 256 << 10;

  private static final int FACTOR = 12;

  private static final ThreadMXBean THREAD = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  @TempDir Path directory;
  private byte[] valid;

  @BeforeEach
  void write() throws IOException {
    Path file = directory.resolve("valid");
    Safetensors.write(
        file,
        Map.of(
            "encoder.a", new Tensor(new long[] {40, 50}, new float[2000]),
            "encoder.b", new Tensor(new long[] {7}, new float[7]),
            "head", new Tensor(new long[] {2, 3, 4}, new float[24])),
        Map.of("format", "pt", "made", "by a test"));
    valid = Files.readAllBytes(file);
    readOrRefuse(valid); // loads classes
    readOrRefuse(new byte[1]);
  }

  @Test
  void mutatedFilesAreReadOrRefusedWithinTheirSize() throws IOException {
    Random random = new Random(20_260_101);
    int read = 0;
    for (int i = 0; i < MUTATIONS; i++) {
      read += bounded(mutate(random), "mutation " + i) ? 1 : 0;
    }
    // Flips in the numbers are no error to this format: both outcomes have to occur.
    assertThat(read).isBetween(1, MUTATIONS - 1);
  }

  @Test
  void headersMadeToExhaustMemoryAreRefusedWithinTheirSize() throws IOException {
    int size = 4 << 20;
    for (String header :
        new String[] {
          "[".repeat(size),
          "{\"a\":".repeat(size / 5),
          "{\"a\":[" + "[],".repeat(size / 3) + "[]]}",
          "{\"a\":{\"shape\":[" + "1,".repeat(size / 2) + "1]}}",
          "{\"a\":{\"x\":{" + "\"y\":{".repeat(size / 5),
          "{\"__metadata__\":{\"a\":" + "[".repeat(size),
          "{\"a\":{\"shape\":[" + "9".repeat(size) + "]}}",
          "{\"" + "a".repeat(size) + "\":7}",
          "{\"a\":{\"dtype\":\"" + "F".repeat(size) + "\"}}"
        }) {
      byte[] json = header.getBytes(StandardCharsets.UTF_8);
      ByteBuffer file = ByteBuffer.allocate(8 + json.length).order(ByteOrder.LITTLE_ENDIAN);
      String what = header.substring(0, 30);
      assertThat(bounded(file.putLong(json.length).put(json).array(), what)).as(what).isFalse();
    }
  }

  private boolean bounded(byte[] bytes, String what) throws IOException {
    Path file = Files.write(directory.resolve("mutated"), bytes);
    long before = THREAD.getCurrentThreadAllocatedBytes();
    boolean read = readOrRefuse(file);
    long allocated = THREAD.getCurrentThreadAllocatedBytes() - before;
    assertThat(allocated)
        .as("bytes allocated for %d bytes, %s", bytes.length, what)
        .isLessThan(FIXED_BYTES + (long) FACTOR * bytes.length);
    return read;
  }

  private void readOrRefuse(byte[] bytes) throws IOException {
    readOrRefuse(Files.write(directory.resolve("mutated"), bytes));
  }

  /** Any other exception fails the test. */
  private static boolean readOrRefuse(Path file) {
    try {
      Safetensors.read(file);
      return true;
    } catch (ModelException e) {
      assertThat(e.reason()).isEqualTo("corrupt-safetensors");
      return false;
    }
  }

  private byte[] mutate(Random random) {
    byte[] bytes = valid.clone();
    int header = (int) ByteBuffer.wrap(valid).order(ByteOrder.LITTLE_ENDIAN).getLong();
    for (int change = random.nextInt(3); change >= 0; change--) {
      int at =
          random.nextInt(
              random.nextInt(4) == 0 ? bytes.length : Math.min(bytes.length, 8 + header));
      switch (random.nextInt(6)) {
        case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> bytes[at] = (byte) random.nextInt(256);
        case 2 -> bytes[at] = (byte) "0123456789{}[]\",:-".charAt(random.nextInt(18));
        case 3 -> bytes = Arrays.copyOf(bytes, Math.max(8, random.nextInt(bytes.length)));
        case 4 -> bytes = Arrays.copyOf(bytes, bytes.length + random.nextInt(64));
        default -> bytes[random.nextInt(8)] = (byte) random.nextInt(256);
      }
    }
    return bytes;
  }
}
