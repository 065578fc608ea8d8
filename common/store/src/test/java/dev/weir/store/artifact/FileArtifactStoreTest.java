package dev.weir.store.artifact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.contract.release.AdapterId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class FileArtifactStoreTest extends ArtifactStoreContract {

  private FileArtifactStore store;

  @Override
  FileArtifactStore open() {
    return new FileArtifactStore(root.resolve("store"));
  }

  @BeforeEach
  void openStore() {
    store = open();
  }

  @Test
  void filesThatAreNotWantedAreNotRead() throws IOException {
    String digest = store.publish(ID, staged(store, ID, "weights"));
    Files.writeString(root.resolve("store/default/3/adapter.bin"), "damaged");
    assertThat(store.fetch(ID, digest, name -> false)).isDirectory();
    assertThatThrownBy(() -> store.fetch(ID, digest, "adapter.bin"::equals))
        .isInstanceOf(StoreException.class)
        .hasMessageContaining("adapter.bin");
  }

  @Test
  void sweepRemovesWhatDeadProcessesLeftAndNothingElse() throws IOException {
    String digest = store.publish(ID, staged(store, ID, "weights"));
    Path abandoned = staged(store, ID, "half");
    assertThat(store.sweep()).isZero();
    Clock later = Clock.offset(Clock.systemUTC(), Duration.ofHours(2));
    Path live = staged(store, ID, "in progress");
    Files.setLastModifiedTime(
        live.resolve("adapter.bin"), FileTime.from(later.instant().minusSeconds(60)));

    try (FileArtifactStore next = new FileArtifactStore(root.resolve("store"), later)) {
      assertThat(next.sweep()).isEqualTo(1);
      assertThat(abandoned).doesNotExist();
      assertThat(live).isNotEmptyDirectory();
      assertThat(next.fetch(ID, digest)).isDirectory();
    }
  }

  @Test
  void damagedMissingAndExchangedFilesAreRefusedByName() throws IOException {
    String digest = store.publish(ID, staged(store, ID, "weights"));
    Path file = store.fetch(ID, digest).resolve("adapter.bin");
    Files.writeString(file, "weighty");
    assertThatThrownBy(() -> store.fetch(ID, digest)).hasMessageContaining("adapter.bin");
    Files.writeString(file, "weights and more");
    assertThatThrownBy(() -> store.fetch(ID, digest)).hasMessageContaining("16 bytes");
    Files.delete(file);
    assertThatThrownBy(() -> store.fetch(ID, digest)).hasMessageContaining("not whole");
    Files.writeString(file, "weights");
    assertThatThrownBy(() -> store.fetch(new AdapterId("default", 4), digest))
        .hasMessageContaining("WEIR_STORE_DIR");
  }

  @Test
  void aManifestWithoutEndIsNotRead() throws IOException {
    String digest = store.publish(ID, staged(store, ID, "weights"));
    try (var out = Files.newOutputStream(root.resolve("store/default/3/manifest.json"))) {
      byte[] spaces = " ".repeat(1 << 20).getBytes(java.nio.charset.StandardCharsets.UTF_8);
      for (int i = 0; i <= ArtifactFiles.MOST_MANIFEST_BYTES >> 20; i++) {
        out.write(spaces);
      }
    }
    assertReason("manifest-unreadable", () -> store.fetch(ID, digest));
  }

  @Test
  void storeThatCannotBeWrittenSaysSo() throws IOException {
    Path file = Files.writeString(root.resolve("file"), "");
    FileArtifactStore unusable = new FileArtifactStore(file);
    assertThatThrownBy(unusable::stage)
        .isInstanceOf(StoreException.class)
        .hasMessageContaining("free space");
  }
}
