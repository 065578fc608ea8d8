package dev.weir.model.base;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.model.peft.PeftFiles;
import dev.weir.model.spec.LinearModule;
import dev.weir.model.spec.ModelException;
import dev.weir.model.weights.LoraConfig;
import dev.weir.testing.TestingAdapter;
import dev.weir.testing.TestingBaseModel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Base models and adapters whose files are damaged: a clear error, never a half-read model. */
class DamagedModelTest {

  @TempDir Path directory;
  private Path weights;
  private Path adapterWeights;

  @BeforeEach
  void write() throws IOException {
    weights = TestingBaseModel.write(directory.resolve("base"), 1).resolve("model.safetensors");
    Path adapter = Files.createDirectory(directory.resolve("adapter"));
    adapterWeights = adapter.resolve("adapter_model.safetensors");
    try (BaseModel base = load()) {
      LoraConfig lora = new LoraConfig(4, 8, 0, EnumSet.of(LinearModule.QUERY, LinearModule.VALUE));
      PeftFiles.write(adapter, TestingAdapter.random(base.config(), lora, 2, 1), base, 64);
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.001, 0.01, 0.25, 0.5, 0.999})
  void refusesTruncatedWeights(double share) throws IOException {
    byte[] bytes = Files.readAllBytes(weights);
    Files.write(weights, Arrays.copyOf(bytes, (int) (bytes.length * share)));
    refused("corrupt-safetensors", "model.safetensors");
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.01, 0.1, 0.5, 0.999})
  void refusesATruncatedAdapter(double share) throws IOException {
    byte[] bytes = Files.readAllBytes(adapterWeights);
    Files.write(adapterWeights, Arrays.copyOf(bytes, (int) (bytes.length * share)));
    adapterRefused("corrupt-safetensors", "adapter_model.safetensors");
  }

  @Test
  void refusesWeightsWithSomethingAppended() throws IOException {
    byte[] bytes = Files.readAllBytes(weights);
    Files.write(weights, Arrays.copyOf(bytes, bytes.length + 4));
    refused("corrupt-safetensors", "describes");
  }

  @Test
  void refusesAHeaderThatClaimsTenGigabytes() throws IOException {
    byte[] bytes = Files.readAllBytes(weights);
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(0, 10_000_000_000L);
    Files.write(weights, bytes);
    refused("corrupt-safetensors", "claims 10000000000 bytes");
  }

  @Test
  void refusesATensorThatClaimsTenGigabytes() throws IOException {
    editHeader(weights, "\"shape\":[128,32]", "\"shape\":[99999999,32]");
    refused("corrupt-safetensors", "more values than an array can hold");
  }

  @Test
  void refusesOverlappingOffsets() throws IOException {
    editHeader(adapterWeights, "\"data_offsets\":[0,", "\"data_offsets\":[4,");
    adapterRefused("corrupt-safetensors", "claims bytes");
  }

  @Test
  void namesAWeightOfAWrongType() throws IOException {
    editHeader(weights, "\"F32\"", "\"I32\"");
    refused("missing-weight", "F32, F16 or BF16");
    editHeader(adapterWeights, "\"F32\"", "\"F64\"");
    adapterRefused("corrupt-safetensors", "is of type F64");
  }

  @Test
  void refusesAnAdapterThatIsNotFinite() throws IOException {
    byte[] bytes = Files.readAllBytes(adapterWeights);
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putFloat(bytes.length - 4, Float.NaN);
    Files.write(adapterWeights, bytes);
    adapterRefused("adapter-not-finite", "");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"do_lower_case\":true}",
        "{\"model_max_length\":1000000000000000019884624838656}",
        "{\"model_max_length\":null}"
      })
  void tokenizerNeedsNoModelMaxLength(String tokenizerConfig) throws IOException {
    Files.writeString(directory.resolve("base").resolve("tokenizer_config.json"), tokenizerConfig);
    try (BaseModel base = load()) {
      assertThat(base.config().maxPositions()).isEqualTo(TestingBaseModel.MAX_POSITIONS);
      assertThat(base.tokenizer().encode("good film ".repeat(100), 128)).hasSize(128);
    }
  }

  private BaseModel load() {
    return BaseModel.load(directory.resolve("base").toString());
  }

  private void refused(String reason, String message) {
    assertThatThrownBy(this::load)
        .hasMessageContaining(message)
        .isInstanceOfSatisfying(
            ModelException.class, e -> assertThat(e.reason()).isEqualTo(reason));
  }

  private void adapterRefused(String reason, String message) throws IOException {
    Path fresh = TestingBaseModel.write(directory.resolve("fresh"), 1);
    try (BaseModel base = BaseModel.load(fresh.toString())) {
      assertThatThrownBy(() -> PeftFiles.read(adapterWeights.getParent(), base.config()))
          .hasMessageContaining(message)
          .isInstanceOfSatisfying(
              ModelException.class, e -> assertThat(e.reason()).isEqualTo(reason));
    }
  }

  /** Rewrites the header's first occurrence and keeps what comes after the header. */
  private static void editHeader(Path file, String before, String after) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    int length = (int) ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
    String header = new String(bytes, 8, length, StandardCharsets.UTF_8);
    assertThat(header).contains(before);
    int at = header.indexOf(before);
    byte[] edited =
        (header.substring(0, at) + after + header.substring(at + before.length()))
            .getBytes(StandardCharsets.UTF_8);
    ByteBuffer out =
        ByteBuffer.allocate(8 + edited.length + bytes.length - 8 - length)
            .order(ByteOrder.LITTLE_ENDIAN);
    out.putLong(edited.length).put(edited).put(bytes, 8 + length, bytes.length - 8 - length);
    Files.write(file, out.array());
  }
}
