package dev.weir.inference.release;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.contract.release.AdapterId;
import dev.weir.inference.TestingArtifacts;
import dev.weir.model.base.BaseModel;
import dev.weir.store.artifact.FileArtifactStore;
import dev.weir.testing.TestingBaseModel;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalCopiesTest {

  private static final AdapterId ONE = new AdapterId("default", 1);
  private static final AdapterId TWO = new AdapterId("default", 2);

  @TempDir Path directory;
  private String one;
  private String two;
  private Path artifactOne;
  private Path artifactTwo;

  @BeforeEach
  void publish() {
    FileArtifactStore store = new FileArtifactStore(directory.resolve("store"));
    try (BaseModel base =
        BaseModel.load(TestingBaseModel.write(directory.resolve("base"), 1).toString())) {
      one = TestingArtifacts.publish(store, base, ONE, "positive");
      two = TestingArtifacts.publish(store, base, TWO, "negative");
    }
    artifactOne = store.fetch(ONE, one);
    artifactTwo = store.fetch(TWO, two);
  }

  @Test
  void copyOutlivesTheProcessThatMadeIt() {
    LocalCopies copies = copies(1 << 20);
    assertThat(copies.verified(one)).isEmpty();
    copies.save(one, artifactOne);
    assertThat(copies.verified(one)).isPresent();

    LocalCopies next = copies(1 << 20);
    assertThat(next.verified(one)).isPresent();
    assertThat(next.bytes()).isEqualTo(copies.bytes()).isPositive();
    assertThat(next.verified(two)).isEmpty();
  }

  @Test
  void damagedCopyIsRemovedAndMadeAnew() throws Exception {
    LocalCopies copies = copies(1 << 20);
    copies.save(one, artifactOne);
    Files.writeString(
        copies.verified(one).orElseThrow().resolve("adapter_model.safetensors"),
        "x",
        StandardOpenOption.APPEND);
    assertThat(copies.verified(one)).isEmpty();
    assertThat(copies.has(one)).isFalse();
    copies.save(one, artifactOne);
    assertThat(copies.verified(one)).isPresent();
  }

  /** A file without blocks: it says it has 5 GB and takes no space. */
  @Test
  void aManifestWithoutEndIsRemovedUnread() throws Exception {
    LocalCopies copies = copies(1 << 20);
    copies.save(one, artifactOne);
    Path manifest = copies.verified(one).orElseThrow().resolve("manifest.json");
    try (RandomAccessFile file = new RandomAccessFile(manifest.toFile(), "rw")) {
      file.setLength(5L << 30);
    }
    assertThat(copies.verified(one)).isEmpty();
    assertThat(copies.has(one)).isFalse();
  }

  @Test
  void oldestThatIsNotInServiceMakesRoom() {
    LocalCopies probe = copies(1 << 20);
    probe.save(one, artifactOne);
    long room = probe.bytes() + 100;

    LocalCopies copies = copies(room);
    copies.save(two, artifactTwo);
    assertThat(copies.has(one)).isFalse();
    assertThat(copies.verified(two)).isPresent();

    copies.open(() -> Set.of(two));
    copies.save(one, artifactOne);
    assertThat(copies.has(one)).isFalse();
    assertThat(copies.verified(two)).isPresent();
  }

  @Test
  void whatADeadProcessLeftHalfCopiedIsRemoved() throws Exception {
    Path old = Files.createDirectories(directory.resolve("copies/.staged-old"));
    Files.writeString(old.resolve("manifest.json"), "{}");
    Files.setLastModifiedTime(old, FileTime.fromMillis(0));
    Path fresh = Files.createDirectories(directory.resolve("copies/.staged-fresh"));
    copies(1 << 20);
    assertThat(old).doesNotExist();
    assertThat(fresh).exists();
  }

  /** A file where the directory should be fails as a full disk does: nothing can be written. */
  @Test
  void copiesThatFoundNoRoomAreMadeWhenThereIsSome() throws Exception {
    Path place = directory.resolve("copies");
    Files.writeString(place, "in the way");
    LocalCopies copies = copies(1 << 20);
    copies.open(() -> Set.of(one, two));
    copies.save(one, artifactOne);
    assertThat(copies.has(one)).isFalse();
    copies.save(two, artifactTwo);
    assertThat(copies.has(two)).isFalse();

    Files.delete(place);
    copies.save(two, artifactTwo);

    assertThat(copies.verified(two)).isPresent();
    assertThat(copies.verified(one)).as("the one that found no room before").isPresent();
    try (Stream<Path> left = Files.list(place)) {
      assertThat(left.map(path -> path.getFileName().toString()))
          .containsExactlyInAnyOrder(one, two);
    }
  }

  @Test
  void nameThatIsNoDigestNeverBecomesAPath() {
    LocalCopies copies = copies(1 << 20);
    copies.save("../../escaped", artifactOne);
    assertThat(copies.has("../../escaped")).isFalse();
    assertThat(directory.resolve("escaped")).doesNotExist();
  }

  private LocalCopies copies(long bytes) {
    LocalCopies copies = new LocalCopies(directory.resolve("copies"), bytes, Clock.systemUTC());
    copies.open(Set::of);
    return copies;
  }
}
