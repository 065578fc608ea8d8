package dev.weir.store.artifact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.Manifest;
import dev.weir.testing.TestingS3;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;

/** The store on a real S3 server. */
class S3ArtifactStoreTest extends ArtifactStoreContract {

  private static final long ROOM = 1 << 30;

  @TempDir static Path shared;
  private static TestingS3 server;
  private final String prefix = UUID.randomUUID() + "/";

  @BeforeAll
  static void startServer() throws IOException {
    server = TestingS3.start(shared, 0);
  }

  @AfterAll
  static void stopServer() {
    server.close();
  }

  @Override
  S3ArtifactStore open() {
    return open(root.resolve("cache-" + UUID.randomUUID()), ROOM, Clock.systemUTC());
  }

  private S3ArtifactStore open(Path cache, long bytes, Clock clock) {
    return new S3ArtifactStore(server.config(prefix, cache, bytes), clock);
  }

  @Test
  void anUploadOfManyPartsThatBrokeOffGoesOn() throws IOException {
    byte[] large = random(3 * S3Objects.PART_BYTES + 12345);
    try (S3ArtifactStore store = open();
        S3Objects objects = S3Objects.open(server.config(prefix, root, ROOM))) {
      Path staged = staged(store, large);
      Manifest.FileEntry entry = entry(staged);
      String key = prefix + "default/3/" + entry.sha256() + "/model.onnx";
      beginUpload(key, large);
      assertThat(store.versions("default")).isEmpty();

      String digest = store.publish(ID, staged);
      assertThat(store.fetch(ID, digest).resolve("model.onnx")).hasBinaryContent(large);
      // The upload that was begun is the one that was completed: none is left over.
      assertThat(objects.abortUploads(Clock.systemUTC().instant().plusSeconds(60))).isZero();
    }
  }

  /** What a process that died after the second part leaves behind. */
  private void beginUpload(String key, byte[] content) {
    try (S3Client client = server.client()) {
      String id =
          client
              .createMultipartUpload(request -> request.bucket(TestingS3.BUCKET).key(key))
              .uploadId();
      for (int part = 1; part <= 2; part++) {
        int number = part;
        int from = (part - 1) * S3Objects.PART_BYTES;
        byte[] bytes = Arrays.copyOfRange(content, from, from + S3Objects.PART_BYTES);
        var unused =
            client.uploadPart(
                request ->
                    request.bucket(TestingS3.BUCKET).key(key).uploadId(id).partNumber(number),
                RequestBody.fromBytes(bytes));
      }
    }
  }

  @Test
  void aDownloadThatBrokeOffGoesOn() throws IOException {
    byte[] large = random(2 * S3Objects.PART_BYTES + 777);
    Path cache = root.resolve("cache");
    try (S3ArtifactStore store = open(cache, ROOM, Clock.systemUTC())) {
      String digest = store.publish(ID, staged(store, large));
      Path artifact = Files.createDirectories(cache.resolve(digest));
      Files.write(
          artifact.resolve(".model.onnx.part"), Arrays.copyOf(large, S3Objects.PART_BYTES + 5));
      assertThat(store.fetch(ID, digest).resolve("model.onnx")).hasBinaryContent(large);
      assertThat(artifact.resolve(".model.onnx.part")).doesNotExist();
    }
  }

  @Test
  void aDamagedPartialDownloadIsThrownAwayAndTheNextTryBringsItAll() throws IOException {
    byte[] large = random(S3Objects.PART_BYTES);
    Path cache = root.resolve("cache");
    try (S3ArtifactStore store = open(cache, ROOM, Clock.systemUTC())) {
      String digest = store.publish(ID, staged(store, large));
      Path artifact = Files.createDirectories(cache.resolve(digest));
      Files.write(artifact.resolve(".model.onnx.part"), new byte[1000]);
      assertReason("checksum-mismatch", () -> store.fetch(ID, digest));
      assertThat(store.fetch(ID, digest).resolve("model.onnx")).hasBinaryContent(large);
    }
  }

  @Test
  void whatIsInTheCacheIsCheckedEachTimeAndDamagedFilesComeAnew() throws IOException {
    try (S3ArtifactStore store = open()) {
      String digest = store.publish(ID, staged(store, ID, "weights"));
      Path file = store.fetch(ID, digest).resolve("adapter.bin");
      Files.writeString(file, "poisoned");
      assertThat(store.fetch(ID, digest).resolve("adapter.bin")).hasContent("weights");
    }
  }

  @Test
  void anObjectThatWasExchangedIsRefused() throws IOException {
    try (S3ArtifactStore store = open()) {
      Path staged = staged(store, ID, "weights");
      String sha = ArtifactFiles.read(ID, staged).files().get("adapter.bin").sha256();
      String digest = store.publish(ID, staged);
      Files.writeString(server.object(prefix + "default/3/" + sha + "/adapter.bin"), "poisons");
      assertReason("checksum-mismatch", () -> store.fetch(ID, digest));
      Files.delete(server.object(prefix + "default/3/" + sha + "/adapter.bin"));
      assertReason("artifact-missing", () -> store.fetch(ID, digest));
    }
  }

  @Test
  void theCacheStaysWithinItsBoundAndKeepsWhatIsBeingRead() throws IOException {
    Path cache = root.resolve("cache");
    byte[] content = random(100_000);
    try (S3ArtifactStore store = open(cache, 350_000, Clock.systemUTC())) {
      String[] digests = new String[4];
      for (int version = 1; version <= 4; version++) {
        AdapterId id = new AdapterId("default", version);
        Path staged = store.stage();
        content[0] = (byte) version;
        Files.write(staged.resolve("model.onnx"), content);
        TestingManifest.seal(staged, id, List.of("model.onnx"));
        digests[version - 1] = store.publish(id, staged);
      }
      for (int version = 1; version <= 3; version++) {
        store.fetch(new AdapterId("default", version), digests[version - 1]);
      }
      // All three were read just now.
      assertThatThrownBy(() -> store.fetch(new AdapterId("default", 4), digests[3]))
          .isInstanceOf(StoreException.class)
          .hasMessageContaining("raise WEIR_S3_CACHE_MB");
      Files.setLastModifiedTime(
          cache.resolve(digests[1]),
          FileTime.from(Clock.systemUTC().instant().minus(Duration.ofHours(1))));
      assertThat(store.fetch(new AdapterId("default", 4), digests[3])).isDirectory();
      assertThat(cache.resolve(digests[1])).doesNotExist();
      assertThat(cache.resolve(digests[0])).isDirectory();
    }
  }

  @Test
  void sweepRemovesHalfArtifactsAndUploadsThatNobodyGoesOnWith() throws IOException {
    Clock later = Clock.offset(Clock.systemUTC(), Duration.ofHours(2));
    try (S3ArtifactStore store = open();
        S3ArtifactStore next = open(root.resolve("next"), ROOM, later);
        S3Objects objects = S3Objects.open(server.config(prefix, root, ROOM))) {
      String digest = store.publish(ID, staged(store, ID, "weights"));
      objects.put("default/4/" + "0".repeat(64) + "/adapter.bin", new byte[] {1});
      assertThat(store.sweep()).isZero();
      assertThat(next.sweep()).isEqualTo(1);
      assertThat(next.fetch(ID, digest)).isDirectory();
      assertThat(objects.list("default/4/")).isEmpty();
    }
  }

  @Test
  void aServerThatGoesAwayIsAnOutageAndComesBackWithEverything() throws IOException {
    try (S3ArtifactStore store = open()) {
      String digest = store.publish(ID, staged(store, ID, "weights"));
      server.close();
      try {
        assertReason("store-io", () -> store.fetch(ID, digest));
        assertReason("store-io", () -> store.versions("default"));
        AdapterId next = new AdapterId("default", 4);
        Path staged = staged(store, next, "more weights");
        assertReason("store-io", () -> store.publish(next, staged));
        assertThat(staged).isNotEmptyDirectory();
        server = server.again();
        store.publish(next, staged);
        assertThat(store.versions("default")).hasSize(2);
        assertThat(store.fetch(ID, digest)).isDirectory();
      } finally {
        server.close();
        server = server.again();
      }
    }
  }

  @Test
  void wrongCredentialsAreAnOutageThatNamesThem() throws IOException {
    String right = System.setProperty("aws.secretAccessKey", "wrong");
    try (S3ArtifactStore store = open()) {
      assertThatThrownBy(() -> store.versions("default"))
          .isInstanceOf(StoreException.class)
          .hasMessageContaining("credentials");
    } finally {
      System.setProperty("aws.secretAccessKey", right);
    }
  }

  private static Path staged(S3ArtifactStore store, byte[] content) throws IOException {
    Path staged = store.stage();
    Files.write(staged.resolve("model.onnx"), content);
    TestingManifest.seal(staged, ID, List.of("model.onnx"));
    return staged;
  }

  private static Manifest.FileEntry entry(Path staged) {
    return ArtifactFiles.read(ID, staged).files().get("model.onnx");
  }

  private static byte[] random(int bytes) {
    byte[] content = new byte[bytes];
    new Random(bytes).nextBytes(content);
    return content;
  }
}
