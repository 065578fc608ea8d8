package dev.weir.trainer.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.contract.text.TokenLimit;
import dev.weir.model.base.BaseModel;
import dev.weir.model.spec.LinearModule;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.model.weights.LoraConfig;
import dev.weir.store.artifact.StoreException;
import dev.weir.testing.TestingAdapter;
import dev.weir.testing.TestingBaseModel;
import dev.weir.trainer.loop.FullDisk;
import java.nio.file.Path;
import java.util.EnumSet;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ArtifactWriterTest {

  @TempDir Path directory;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "adapter_model.safetensors",
        "adapter_config.json",
        "weir_adapter.json",
        ArtifactWriter.MERGED
      })
  void fullDiskIsAnOutageWhicheverFileMeetsIt(String file) {
    Path base = TestingBaseModel.write(directory.resolve("base"), 1);
    FullDisk.at(directory.resolve(file));
    try (BaseModel model = BaseModel.load(base.toString())) {
      LoraConfig lora = new LoraConfig(2, 4, 0, EnumSet.of(LinearModule.QUERY));
      AdapterWeights weights = TestingAdapter.random(model.config(), lora, 2, 1);
      ArtifactWriter writer = new ArtifactWriter(model);

      assertThatThrownBy(
              () -> {
                writer.writeAdapter(directory, weights, TokenLimit.of(64));
                writer.writeMerged(directory, weights);
              })
          .hasMessageContaining("free disk space")
          .hasStackTraceContaining("No space left on device")
          .isInstanceOfSatisfying(
              StoreException.class, e -> assertThat(e.reason()).isEqualTo("store-io"));
    }
  }
}
