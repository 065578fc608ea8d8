package dev.weir.trainer.export;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.contract.text.TokenLimit;
import dev.weir.model.base.BaseModel;
import dev.weir.model.spec.LinearModule;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.model.weights.LoraConfig;
import dev.weir.store.artifact.StoreException;
import dev.weir.testing.TestingAdapter;
import dev.weir.testing.TestingBaseModel;
import dev.weir.trainer.encoder.BertEncoder;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ParityCheckTest {

  private static final LoraConfig ALL = new LoraConfig(3, 6, 0.1, LinearModule.parse("all-linear"));

  @TempDir Path directory;

  @Test
  void mergedEqualsUnmerged() {
    try (BaseModel base = base();
        BertEncoder encoder = new BertEncoder(base)) {
      AdapterWeights weights = TestingAdapter.random(base.config(), ALL, 2, 5);
      assertThat(difference(base, encoder, weights, weights)).isLessThan(1e-4);
    }
  }

  @Test
  void noticesAnotherAdapter() {
    try (BaseModel base = base();
        BertEncoder encoder = new BertEncoder(base)) {
      AdapterWeights weights = TestingAdapter.random(base.config(), ALL, 2, 5);
      AdapterWeights other = TestingAdapter.random(base.config(), ALL, 2, 6);
      assertThat(difference(base, encoder, weights, other)).isGreaterThan(ParityCheck.TOLERANCE);
    }
  }

  @Test
  void aDirectoryThatCannotBeWrittenIsAStoreFault() {
    try (BaseModel base = base()) {
      AdapterWeights weights = TestingAdapter.random(base.config(), ALL, 2, 5);
      Path nowhere = directory.resolve("not-there");
      Assertions.assertThatThrownBy(
              () -> new ArtifactWriter(base).writeAdapter(nowhere, weights, TokenLimit.of(32)))
          .isInstanceOfSatisfying(
              StoreException.class, e -> assertThat(e.reason()).isEqualTo("store-io"));
    }
  }

  private double difference(
      BaseModel base, BertEncoder encoder, AdapterWeights written, AdapterWeights compared) {
    new ArtifactWriter(base).writeMerged(directory, written);
    List<int[]> rows =
        List.of(
            base.tokenizer().encode("a good film", 32),
            base.tokenizer().encode("the plot was boring and awful", 32));
    return ParityCheck.difference(
        encoder, compared, directory.resolve(ArtifactWriter.MERGED), rows);
  }

  private BaseModel base() {
    return BaseModel.load(TestingBaseModel.write(directory.resolve("base"), 7).toString());
  }
}
