package dev.weir.model.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.model.spec.ModelException;
import dev.weir.model.spec.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsTest {
  @TempDir Path directory;

  @Property(tries = 50)
  void readsWhatItWrote(@ForAll("tensors") Map<String, float[]> values) throws IOException {
    Path file = Files.createTempFile("round-trip", ".safetensors");
    try {
      Map<String, Tensor> tensors = new HashMap<>();
      values.forEach(
          (name, data) -> tensors.put(name, new Tensor(new long[] {1, data.length}, data)));
      Safetensors.write(file, tensors, Map.of("format", "pt"));
      Map<String, Tensor> read = Safetensors.read(file);
      assertThat(read.keySet()).isEqualTo(tensors.keySet());
      read.forEach(
          (name, tensor) -> {
            assertThat(tensor.shape()).containsExactly(tensors.get(name).shape());
            assertThat(tensor.data()).containsExactly(tensors.get(name).data());
          });
    } finally {
      Files.delete(file);
    }
  }

  @Provide
  Arbitrary<Map<String, float[]>> tensors() {
    Arbitrary<String> names =
        Arbitraries.strings()
            .ofMaxLength(12)
            .filter(name -> StandardCharsets.UTF_8.newEncoder().canEncode(name));
    return Arbitraries.maps(
            names.filter(name -> !name.equals("__metadata__")),
            Arbitraries.floats().array(float[].class).ofMaxSize(40))
        .ofMaxSize(5);
  }

  @Test
  void readsTensorsLargerThanAChunk() {
    float[] data = new float[700_001];
    for (int i = 0; i < data.length; i++) {
      data[i] = i;
    }
    Path file = directory.resolve("large");
    Safetensors.write(file, Map.of("x", new Tensor(new long[] {data.length}, data)), Map.of());
    assertThat(Safetensors.read(file).get("x").data()).isEqualTo(data);
  }

  @Test
  void readsHalfPrecisionAndLeavesIntegersOut() throws IOException {
    String header =
        """
        {"half":{"dtype":"F16","shape":[4],"data_offsets":[0,8]},
        "brain":{"dtype":"BF16","shape":[1],"data_offsets":[8,10]},
        "ids":{"dtype":"I64","shape":[1],"data_offsets":[10,18]}}""";
    ByteBuffer data = ByteBuffer.allocate(18).order(ByteOrder.LITTLE_ENDIAN);
    data.putShort((short) 0x3C00).putShort((short) 0xC100).putShort((short) 0x0001);
    data.putShort((short) 0xFC00).putShort((short) 0x3FC0);
    Map<String, Tensor> tensors = Safetensors.read(file(header, data.array()));
    assertThat(tensors).containsOnlyKeys("half", "brain");
    assertThat(tensors.get("half").data())
        .containsExactly(1f, -2.5f, 0x1p-24f, Float.NEGATIVE_INFINITY);
    assertThat(tensors.get("brain").data()).containsExactly(1.5f);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "not json",
        "[]",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2500000000],\"data_offsets\":[0,10000000000]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[65536,65536,65536,65536],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2.5],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}",
        "{\"a\":7}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
            + "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
            + "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}"
      })
  void refusesHeadersThatDoNotMatchTheFile(String header) throws IOException {
    assertCorrupt(file(header, new byte[8]));
  }

  @Test
  void refusesTruncatedFilesAtEveryByte() throws IOException {
    Path file = directory.resolve("whole");
    Safetensors.write(file, Map.of("x", new Tensor(new long[] {2}, new float[2])), Map.of());
    byte[] bytes = Files.readAllBytes(file);
    for (int length = 0; length < bytes.length; length++) {
      assertCorrupt(Files.write(directory.resolve("cut"), Arrays.copyOf(bytes, length)));
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {Long.MAX_VALUE, -1, 0, 100, 10_000_000_000L})
  void refusesImpossibleHeaderLengths(long length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN).putLong(length);
    assertCorrupt(Files.write(directory.resolve("length"), bytes.array()));
  }

  private Path file(String header, byte[] data) throws IOException {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    ByteBuffer bytes =
        ByteBuffer.allocate(8 + json.length + data.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(json.length).put(json).put(data);
    return Files.write(directory.resolve("file"), bytes.array());
  }

  private static void assertCorrupt(Path file) {
    assertThatThrownBy(() -> Safetensors.read(file))
        .isInstanceOfSatisfying(
            ModelException.class, e -> assertThat(e.reason()).isEqualTo("corrupt-safetensors"));
  }
}
