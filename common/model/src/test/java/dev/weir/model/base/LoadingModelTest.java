package dev.weir.model.base;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.model.spec.ModelException;
import dev.weir.testing.TestingBaseModel;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LoadingModelTest {

  private static final String BUILT_IN = "all-minilm-l6-v2";

  @TempDir Path directory;

  @Test
  void modelIsTheOneThatIsLoadedAtOnce() {
    String written = TestingBaseModel.write(directory.resolve("base"), 1).toString();
    try (LoadingModel loading = LoadingModel.begin(written);
        BaseModel atOnce = BaseModel.load(written)) {
      assertThat(loading.await().digest()).isEqualTo(atOnce.digest());
    }
  }

  @Test
  void whatCannotBeLoadedIsSaidToTheOneWhoWaitsAndKeepsNobodyFromClosing() {
    try (LoadingModel loading = LoadingModel.begin("no-such-model")) {
      assertThatThrownBy(loading::await)
          .isInstanceOfSatisfying(
              ModelException.class, e -> assertThat(e.reason()).isEqualTo("unknown-base"));
    }
  }

  @Test
  void closingClosesWhatWasLoaded() {
    LoadingModel loading =
        LoadingModel.begin(TestingBaseModel.write(directory.resolve("base"), 1).toString());
    BaseModel model = loading.await();
    loading.close();
    assertThatThrownBy(() -> model.tokenizer().encode("closed", 8))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void modelThatWasReadAheadIsTheSame() {
    BaseModel.prefetch(BUILT_IN);
    try (BaseModel ahead = BaseModel.load(BUILT_IN);
        BaseModel again = BaseModel.load(BUILT_IN)) {
      assertThat(ahead.digest()).isEqualTo(again.digest());
      assertThat(ahead.weight("embeddings.word_embeddings.weight").data())
          .isEqualTo(again.weight("embeddings.word_embeddings.weight").data());
    }
  }

  @Test
  void whatWasReadAheadIsDroppedWhenAnotherModelIsLoaded() {
    BaseModel.prefetch(BUILT_IN);
    BaseModel.prefetch("no-such-model");
    String written = TestingBaseModel.write(directory.resolve("base"), 1).toString();
    try (BaseModel other = BaseModel.load(written)) {
      assertThat(other.name()).isEqualTo(written);
    }
    assertThat(BuiltInModel.prefetched(BuiltInModel.MINILM)).isEmpty();
  }
}
