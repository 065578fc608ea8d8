package dev.weir.trainer.publish;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.contract.event.EventJson;
import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.Manifest;
import dev.weir.contract.release.Method;
import dev.weir.contract.text.Truncation;
import dev.weir.store.artifact.FileArtifactStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ArtifactRetentionTest {

  @TempDir Path directory;

  @Test
  void keepsTheNewestTheChampionAndWhatAPlanNames() throws IOException {
    FileArtifactStore store = new FileArtifactStore(directory);
    for (int version = 1; version <= 7; version++) {
      publish(store, new AdapterId("default", version));
    }
    publish(store, new AdapterId("other", 1));

    new ArtifactRetention(store, 2).apply(new AdapterId("default", 3), Set.of(1, 4), store::digest);

    assertThat(store.versions("default"))
        .extracting(AdapterId::version)
        .containsExactly(1, 3, 4, 6, 7);
    assertThat(store.versions("other")).hasSize(1);
  }

  @Test
  void leavesWhatWasNotPublishedHereUnderItsDigest() throws IOException {
    FileArtifactStore store = new FileArtifactStore(directory);
    for (int version = 1; version <= 5; version++) {
      publish(store, new AdapterId("default", version));
    }
    Map<Integer, Optional<String>> published =
        Map.of(
            2, Optional.of("0".repeat(64)),
            3, store.digest(new AdapterId("default", 3)),
            4, store.digest(new AdapterId("default", 4)),
            5, store.digest(new AdapterId("default", 5)));

    new ArtifactRetention(store, 1)
        .apply(
            new AdapterId("default", 5),
            Set.of(),
            id -> published.getOrDefault(id.version(), Optional.empty()));

    assertThat(store.versions("default")).extracting(AdapterId::version).containsExactly(1, 2, 5);
  }

  private static void publish(FileArtifactStore store, AdapterId id) throws IOException {
    Path staged = store.stage();
    Manifest manifest =
        new Manifest(
            1,
            id.adapter(),
            id.version(),
            Method.LORA,
            "base",
            "digest",
            List.of("a", "b"),
            16,
            Truncation.HEAD_TAIL,
            1.0,
            new TreeMap<>(),
            new TreeMap<>(),
            List.of(),
            new Manifest.Lineage(
                null, null, null, List.of(), 1, 0, 1, Map.of(), List.of(), Map.of(), 1, "test"));
    Files.write(staged.resolve(Manifest.FILE), EventJson.write(manifest));
    store.publish(id, staged);
  }
}
