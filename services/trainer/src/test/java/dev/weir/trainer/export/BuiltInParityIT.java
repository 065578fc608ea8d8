package dev.weir.trainer.export;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.model.base.BaseModel;
import dev.weir.model.spec.LinearModule;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.model.weights.LoraConfig;
import dev.weir.testing.TestingAdapter;
import dev.weir.trainer.encoder.BertEncoder;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BuiltInParityIT {

  @TempDir Path directory;

  @Test
  void theDefaultBaseGivesTheSameLogitsUnderLibtorchAndMergedUnderOnnxRuntime() {
    try (BaseModel base = BaseModel.load(BaseModel.DEFAULT);
        BertEncoder encoder = new BertEncoder(base)) {
      AdapterWeights random =
          TestingAdapter.random(
              base.config(), new LoraConfig(8, 2, 0, LinearModule.parse("query,value")), 2, 3);
      new ArtifactWriter(base).writeMerged(directory, random);
      List<int[]> rows =
          List.of(
              base.tokenizer().encode("I loved every minute of it.", 256),
              base.tokenizer().encode("Broke after a week; the refund took three months.", 256));

      double difference =
          ParityCheck.difference(encoder, random, directory.resolve(ArtifactWriter.MERGED), rows);

      assertThat(difference).isLessThan(1e-4);
    }
  }
}
