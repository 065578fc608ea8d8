package dev.weir.common.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.common.adapter.AdapterId;
import dev.weir.common.adapter.Manifest;
import dev.weir.common.adapter.Method;
import dev.weir.common.event.EventJson;
import dev.weir.common.model.Truncation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileArtifactStoreTest {

  private static final AdapterId ID = new AdapterId("default", 3);

  @TempDir Path root;
  private FileArtifactStore store;

  @BeforeEach
  void open() {
    store = new FileArtifactStore(root.resolve("store"));
  }

  @Test
  void publishedArtifactIsFetchedWholeAndVerified() throws IOException {
    String digest = store.publish(ID, staged(ID, "weights"));
    Path fetched = store.fetch(ID, digest);
    assertThat(fetched.resolve("adapter.bin")).hasContent("weights");
    assertThat(store.digest(ID)).contains(digest);
    assertThat(store.manifest(ID).orElseThrow().id()).isEqualTo(ID);
    assertThat(store.versions("default")).containsExactly(ID);
    assertThat(store.versions("other")).isEmpty();
  }

  @Test
  void filesThatAreNotWantedAreNotRead() throws IOException {
    String digest = store.publish(ID, staged(ID, "weights"));
    Files.writeString(root.resolve("store/default/3/adapter.bin"), "damaged");
    assertThat(store.fetch(ID, digest, name -> false)).isDirectory();
    assertThatThrownBy(() -> store.fetch(ID, digest, "adapter.bin"::equals))
        .isInstanceOf(StoreException.class)
        .hasMessageContaining("adapter.bin");
  }

  @Test
  void publishingTheSameBytesAgainDoesNothingAndOtherBytesAreRefused() throws IOException {
    String digest = store.publish(ID, staged(ID, "weights"));
    assertThat(store.publish(ID, staged(ID, "weights"))).isEqualTo(digest);
    Path other = staged(ID, "other");
    assertThatThrownBy(() -> store.publish(ID, other))
        .isInstanceOf(StoreException.class)
        .hasMessageContaining("already published");
    assertThat(store.fetch(ID, digest).resolve("adapter.bin")).hasContent("weights");
  }

  @Test
  void sweepRemovesWhatDeadProcessesLeftAndNothingElse() throws IOException {
    String digest = store.publish(ID, staged(ID, "weights"));
    Path abandoned = staged(ID, "half");
    assertThat(store.sweep()).isZero();
    Clock later = Clock.offset(Clock.systemUTC(), Duration.ofHours(2));
    Path live = staged(ID, "in progress");
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
  void stagedArtifactIsInvisible() throws IOException {
    staged(ID, "weights");
    assertThat(store.versions("default")).isEmpty();
    assertThat(store.digest(ID)).isEmpty();
  }

  @Test
  void damagedMissingAndExchangedFilesAreRefusedByName() throws IOException {
    String digest = store.publish(ID, staged(ID, "weights"));
    Path file = store.fetch(ID, digest).resolve("adapter.bin");
    Files.writeString(file, "weighty");
    assertThatThrownBy(() -> store.fetch(ID, digest)).hasMessageContaining("adapter.bin");
    Files.delete(file);
    assertThatThrownBy(() -> store.fetch(ID, digest)).hasMessageContaining("not whole");
    Files.writeString(file, "weights");
    assertThatThrownBy(() -> store.fetch(ID, "0".repeat(64)))
        .hasMessageContaining("its release record says");
    assertThatThrownBy(() -> store.fetch(new AdapterId("default", 4), digest))
        .hasMessageContaining("WEIR_STORE_DIR");
  }

  @Test
  void manifestThatNamesAFileOutsideIsRefused() throws IOException {
    Path staged = staged(ID, "weights");
    Files.writeString(root.resolve("outside"), "secret");
    writeManifest(staged, ID, "../../../outside", Digests.sha256(root.resolve("outside")));
    assertThatThrownBy(() -> store.publish(ID, staged)).hasMessageContaining("plain file name");
  }

  @Test
  void deletedVersionIsGoneAndDeletingAgainIsHarmless() throws IOException {
    store.publish(ID, staged(ID, "weights"));
    store.delete(ID);
    store.delete(ID);
    assertThat(store.versions("default")).isEmpty();
  }

  @Test
  void storeThatCannotBeWrittenSaysSo() throws IOException {
    Path file = Files.writeString(root.resolve("file"), "");
    FileArtifactStore unusable = new FileArtifactStore(file);
    assertThatThrownBy(unusable::stage)
        .isInstanceOf(StoreException.class)
        .hasMessageContaining("free space");
  }

  private Path staged(AdapterId id, String content) throws IOException {
    Path staged = store.stage();
    Path file = Files.writeString(staged.resolve("adapter.bin"), content);
    writeManifest(staged, id, "adapter.bin", Digests.sha256(file));
    return staged;
  }

  private static void writeManifest(Path directory, AdapterId id, String name, String sha)
      throws IOException {
    Manifest manifest =
        new Manifest(
            Manifest.FORMAT,
            id.adapter(),
            id.version(),
            Method.HEAD_REFRESH,
            "tiny",
            "base",
            List.of("negative", "positive"),
            128,
            Truncation.HEAD_TAIL,
            new TreeMap<>(Map.of(name, new Manifest.FileEntry(sha, 7))),
            new TreeMap<>(),
            List.of(),
            new Manifest.Lineage(
                null, null, null, List.of(), 1, 0, 1, Map.of(), List.of(), Map.of(), 1, "test"));
    Files.write(directory.resolve(Manifest.FILE), EventJson.write(manifest));
  }
}
