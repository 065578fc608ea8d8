package dev.weir.store.artifact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.Manifest;
import dev.weir.contract.topic.Installation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every artifact store does. */
abstract class ArtifactStoreContract {

  static final AdapterId ID = new AdapterId("default", 3);

  @TempDir Path root;

  /** A store on the same files or objects as every other one of this test. */
  abstract ArtifactStore open();

  @Test
  void publishedArtifactIsFetchedWholeAndVerified() throws IOException {
    try (ArtifactStore store = open()) {
      String digest = store.publish(ID, staged(store, ID, "weights"));
      Path fetched = store.fetch(ID, digest);
      assertThat(fetched.resolve("adapter.bin")).hasContent("weights");
      assertThat(fetched.resolve(Manifest.FILE)).isRegularFile();
      assertThat(store.digest(ID)).contains(digest);
      assertThat(store.manifest(ID).orElseThrow().id()).isEqualTo(ID);
      assertThat(store.versions("default")).containsExactly(ID);
      assertThat(store.versions("other")).isEmpty();
    }
  }

  @Test
  void anotherProcessSeesItToo() throws IOException {
    String digest;
    try (ArtifactStore store = open()) {
      digest = store.publish(ID, staged(store, ID, "weights"));
    }
    try (ArtifactStore other = open()) {
      assertThat(other.fetch(ID, digest).resolve("adapter.bin")).hasContent("weights");
    }
  }

  @Test
  void theSignatureBesideTheManifestComesAlong() throws IOException {
    try (ArtifactStore store = open()) {
      Path staged = staged(store, ID, "weights");
      Files.writeString(staged.resolve(Manifest.SIGNATURE), "{\"signed\":true}");
      String digest = store.publish(ID, staged);
      assertThat(store.fetch(ID, digest, name -> false).resolve(Manifest.SIGNATURE))
          .hasContent("{\"signed\":true}");

      AdapterId unsigned = new AdapterId("default", 4);
      String plain = store.publish(unsigned, staged(store, unsigned, "weights"));
      assertThat(store.fetch(unsigned, plain).resolve(Manifest.SIGNATURE)).doesNotExist();
    }
  }

  @Test
  void filesThatAreNotWantedNeedNotBeThere() throws IOException {
    try (ArtifactStore store = open()) {
      Path staged = store.stage();
      TestingManifest.write(
          staged, ID, Map.of("adapter.bin", "weights", "model.onnx", "as large as the base"));
      String digest = store.publish(ID, staged);
      Path fetched = store.fetch(ID, digest, "adapter.bin"::equals);
      assertThat(fetched.resolve("adapter.bin")).hasContent("weights");
      assertThat(store.fetch(ID, digest).resolve("model.onnx")).hasContent("as large as the base");
    }
  }

  @Test
  void publishingTheSameBytesAgainDoesNothingAndOtherBytesAreRefused() throws IOException {
    try (ArtifactStore store = open()) {
      String digest = store.publish(ID, staged(store, ID, "weights"));
      assertThat(store.publish(ID, staged(store, ID, "weights"))).isEqualTo(digest);
      Path other = staged(store, ID, "other");
      assertThatThrownBy(() -> store.publish(ID, other))
          .isInstanceOfSatisfying(
              StoreException.class, e -> assertThat(e.reason()).isEqualTo("version-taken"))
          .hasMessageContaining("already published");
      assertThat(store.fetch(ID, digest).resolve("adapter.bin")).hasContent("weights");
    }
  }

  @Test
  void ofWritersAtTheSameTimeOneWinsAndReadersSeeItWhole() throws Exception {
    int writers = 4;
    ExecutorService threads = Executors.newFixedThreadPool(writers);
    try (ArtifactStore store = open()) {
      CyclicBarrier together = new CyclicBarrier(writers);
      List<Future<String>> attempts = new ArrayList<>();
      for (int i = 0; i < writers; i++) {
        Path staged = staged(store, ID, "weights of " + i);
        attempts.add(
            threads.submit(
                () -> {
                  together.await();
                  try {
                    return store.publish(ID, staged);
                  } catch (StoreException e) {
                    return e.reason();
                  }
                }));
      }
      List<String> outcomes = new ArrayList<>();
      for (Future<String> attempt : attempts) {
        outcomes.add(attempt.get());
      }
      String digest = store.digest(ID).orElseThrow();
      assertThat(outcomes).containsOnlyOnce(digest);
      assertThat(outcomes).filteredOn("version-taken"::equals).hasSize(writers - 1);
      assertThat(store.fetch(ID, digest)).isNotEmptyDirectory();
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void stagedArtifactIsInvisibleAndGoesWhenDiscarded() throws IOException {
    try (ArtifactStore store = open()) {
      Path staged = staged(store, ID, "weights");
      assertThat(store.versions("default")).isEmpty();
      assertThat(store.digest(ID)).isEmpty();
      assertThat(store.manifest(ID)).isEmpty();
      store.discard(staged);
      assertThat(staged).doesNotExist();
      assertThatCode(() -> store.discard(staged)).doesNotThrowAnyException();
    }
  }

  @Test
  void whatIsNotThereOrNotMeantIsRefused() throws IOException {
    try (ArtifactStore store = open()) {
      String digest = store.publish(ID, staged(store, ID, "weights"));
      assertReason("digest-mismatch", () -> store.fetch(ID, "0".repeat(64)));
      assertReason("artifact-missing", () -> store.fetch(new AdapterId("default", 4), digest));
      assertReason("artifact-missing", () -> store.fetch(new AdapterId("other", 3), digest));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../../../outside",
        "/etc/passwd",
        "..",
        ".hidden",
        "a/b",
        "a\\b",
        "C:x",
        "a\u0000b",
        "manifest.json",
        "manifest.dsse.json",
        ""
      })
  void manifestThatNamesAFileOutsideIsRefused(String name) throws IOException {
    try (ArtifactStore store = open()) {
      Files.writeString(root.resolve("outside"), "secret");
      Path staged = store.stage();
      TestingManifest.write(staged, ID, Map.of("adapter.bin", "weights"));
      TestingManifest.rename(staged, "adapter.bin", name);
      assertReason("bad-file-name", () -> store.publish(ID, staged));
      assertThat(store.digest(ID)).isEmpty();
    }
  }

  @Test
  void manifestOfAnotherVersionIsRefused() throws IOException {
    try (ArtifactStore store = open()) {
      Path staged = staged(store, ID, "weights");
      assertReason("manifest-mismatch", () -> store.publish(new AdapterId("default", 9), staged));
    }
  }

  @Test
  void versionsAreListedOldestFirstAndDeletedOnesAreGone() throws IOException {
    try (ArtifactStore store = open()) {
      for (int version : new int[] {10, 2, 9}) {
        AdapterId id = new AdapterId("default", version);
        store.publish(id, staged(store, id, "weights"));
      }
      assertThat(store.versions("default"))
          .extracting(AdapterId::version)
          .containsExactly(2, 9, 10);
      AdapterId nine = new AdapterId("default", 9);
      store.delete(nine);
      store.delete(nine);
      assertThat(store.versions("default")).extracting(AdapterId::version).containsExactly(2, 10);
      assertThat(store.manifest(nine)).isEmpty();
      // The number is free again: an artifact that was never announced may be made anew.
      store.publish(nine, staged(store, nine, "other weights"));
    }
  }

  @Test
  void whoClaimsItFirstOwnsItAndOthersAreToldWho() throws Exception {
    int claimants = 4;
    ExecutorService threads = Executors.newFixedThreadPool(claimants);
    try (ArtifactStore store = open()) {
      assertThat(store.owner()).isEmpty();
      CyclicBarrier together = new CyclicBarrier(claimants);
      List<Future<Installation>> claims = new ArrayList<>();
      for (int i = 0; i < claimants; i++) {
        Installation installation = new Installation("cluster", "prefix" + i);
        claims.add(
            threads.submit(
                () -> {
                  together.await();
                  return store.claim(installation);
                }));
      }
      Installation owner = claims.get(0).get();
      for (Future<Installation> claim : claims) {
        assertThat(claim.get()).isEqualTo(owner);
      }
      try (ArtifactStore again = open()) {
        assertThat(again.owner()).contains(owner);
        assertThat(again.claim(new Installation("another", ""))).isEqualTo(owner);
      }
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void listsItsAdapters() throws IOException {
    try (ArtifactStore store = open()) {
      assertThat(store.adapters()).isEmpty();
      store.claim(new Installation("cluster", ""));
      for (String adapter : List.of("zebra", "default")) {
        AdapterId id = new AdapterId(adapter, 1);
        store.publish(id, staged(store, id, "weights"));
      }
      assertThat(store.adapters()).containsExactly("default", "zebra");
    }
  }

  static Path staged(ArtifactStore store, AdapterId id, String content) throws IOException {
    Path staged = store.stage();
    TestingManifest.write(staged, id, Map.of("adapter.bin", content));
    return staged;
  }

  static void assertReason(
      String reason, org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            StoreException.class, e -> assertThat(e.reason()).isEqualTo(reason));
  }
}
