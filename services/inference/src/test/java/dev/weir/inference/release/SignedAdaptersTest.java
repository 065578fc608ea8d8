package dev.weir.inference.release;

import static dev.weir.inference.TestingArtifacts.champion;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.Manifest;
import dev.weir.inference.TestingArtifacts;
import dev.weir.inference.slot.AdapterRegistry;
import dev.weir.inference.slot.TestingAdapters;
import dev.weir.inference.slot.TestingSlotTable;
import dev.weir.inference.slot.WantedVersion;
import dev.weir.model.base.BaseModel;
import dev.weir.service.ops.Metrics;
import dev.weir.store.artifact.ArtifactStore;
import dev.weir.store.artifact.FileArtifactStore;
import dev.weir.store.signing.ArtifactTrust;
import dev.weir.store.signing.SignedStore;
import dev.weir.testing.TestingBaseModel;
import dev.weir.testing.TestingSigner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is signed by a trusted key serves; whatever else comes, the version before goes on. */
class SignedAdaptersTest {

  private static final AdapterId ONE = new AdapterId("default", 1);
  private static final AdapterId TWO = new AdapterId("default", 2);
  private static final Duration SOON = Duration.ofSeconds(60);

  @TempDir Path root;
  private final TestingSlotTable.Opener opener = new TestingSlotTable.Opener();
  private final Metrics metrics = new Metrics();
  private BaseModel base;
  private TestingSigner ours;
  private TestingSigner foreign;
  private AdapterRegistry registry;
  private AdapterLoader loader;
  private int offset;

  @BeforeEach
  void open() {
    base = BaseModel.load(TestingBaseModel.write(root.resolve("base"), 1).toString());
    ours = TestingSigner.make(root, "ours");
    foreign = TestingSigner.make(root, "foreign");
    start(ours.trust());
    serve(ONE, publish(ONE, Optional.of(ours)));
  }

  private void start(ArtifactTrust trust) {
    registry = TestingAdapters.registry(opener, 4);
    loader =
        new AdapterLoader(
            TestingAdapters.reader(files(), base, root.resolve("local"), trust),
            registry,
            metrics.registry(),
            Clock.systemUTC());
  }

  private void stop() {
    loader.close();
    assertThat(registry.lostSlots()).as("slots that nobody has").isZero();
    registry.close();
  }

  @AfterEach
  void close() {
    stop();
    base.close();
    metrics.close();
    assertThat(opener.violations()).isEmpty();
  }

  @Test
  void unsignedAndForeignOnesAreRefused() {
    assertRefused(publish(TWO, Optional.empty()), "signature-missing");
    files().delete(TWO);
    assertRefused(publish(TWO, Optional.of(foreign)), "signature-unknown-key");
  }

  @ParameterizedTest
  @ValueSource(strings = {"adapter_model.safetensors", "adapter_config.json", "manifest.json"})
  void aFileThatWasChangedIsRefused(String name) throws Exception {
    String digest = publish(TWO, Optional.of(ours));
    Files.writeString(artifact(TWO).resolve(name), " ", StandardOpenOption.APPEND);
    want(TWO, digest);
    await().atMost(SOON).until(() -> loader.failures().containsKey(TWO));
    assertThat(loader.failures().get(TWO).reason()).isIn("checksum-mismatch", "digest-mismatch");
    assertThat(serving()).isEqualTo(1);
  }

  /** Whoever can write to the store and to Kafka can make all digests fit; not the signature. */
  @Test
  void aManifestThatWasChangedWithItsRecordIsRefused() throws Exception {
    publish(TWO, Optional.of(ours));
    Path manifest = artifact(TWO).resolve(Manifest.FILE);
    String poisoned =
        Files.readString(manifest).replace("\"temperature\":1.0", "\"temperature\":9.0");
    Files.writeString(manifest, poisoned);
    assertRefused(files().digest(TWO).orElseThrow(), "signature-invalid");
  }

  @Test
  void theSignatureOfAnotherVersionIsRefused() throws Exception {
    String digest = publish(TWO, Optional.empty());
    Files.copy(
        artifact(ONE).resolve(Manifest.SIGNATURE), artifact(TWO).resolve(Manifest.SIGNATURE));
    assertRefused(digest, "signature-invalid");
  }

  @Test
  void theWholeArtifactOfAnotherVersionUnderThisNumberIsRefused() throws Exception {
    copy(artifact(ONE), artifact(TWO));
    want(TWO, files().digest(TWO).orElseThrow());
    await().atMost(SOON).until(() -> loader.failures().containsKey(TWO));
    assertThat(serving()).isEqualTo(1);
  }

  @Test
  void bothKeysAreBelievedWhileTheyAreRotated() {
    stop();
    start(ArtifactTrust.parse(ours.publicKey() + "," + foreign.publicKey()));
    serve(ONE, files().digest(ONE).orElseThrow());
    serve(TWO, publish(TWO, Optional.of(foreign)));
  }

  /** A copy on this disk was made when nobody was asked for a signature, or by somebody else. */
  @Test
  void copiesOnThisDiskAreCheckedToo() {
    String unsigned = publish(TWO, Optional.empty());
    stop();
    start(ArtifactTrust.everybody());
    serve(TWO, unsigned);
    stop();
    start(ours.trust());
    serve(ONE, files().digest(ONE).orElseThrow());
    assertRefused(unsigned, "signature-missing");
  }

  @Test
  void aSignedCopyServesWithoutTheStore() throws Exception {
    String digest = files().digest(ONE).orElseThrow();
    stop();
    Files.move(root.resolve("store"), root.resolve("away"));
    start(ours.trust());
    serve(ONE, digest);
  }

  private void assertRefused(String digest, String reason) {
    want(TWO, digest);
    await()
        .atMost(SOON)
        .until(
            () ->
                loader.failures().containsKey(TWO)
                    && loader.failures().get(TWO).digest().equals(digest));
    assertThat(loader.failures().get(TWO).reason()).isEqualTo(reason);
    assertThat(loader.failures().get(TWO).retryAt()).isNull();
    assertThat(serving()).isEqualTo(1);
  }

  private void serve(AdapterId id, String digest) {
    want(id, digest);
    await().atMost(SOON).until(() -> serving() == id.version());
    await().atMost(SOON).until(loader::settled);
  }

  private void want(AdapterId id, String digest) {
    loader.want(
        "default",
        Wanted.champion(
            TestingAdapters.at(offset++), WantedVersion.of(champion(id, digest), null)));
  }

  private int serving() {
    return registry.state().adapter("default").map(each -> each.id().version()).orElse(0);
  }

  private String publish(AdapterId id, Optional<TestingSigner> signer) {
    ArtifactStore store =
        new SignedStore(files(), signer.map(TestingSigner::signer), ArtifactTrust.everybody());
    return TestingArtifacts.publish(store, base, id, "positive");
  }

  private FileArtifactStore files() {
    return new FileArtifactStore(root.resolve("store"));
  }

  private Path artifact(AdapterId id) {
    return root.resolve("store").resolve(id.adapter()).resolve(Integer.toString(id.version()));
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.createDirectories(to);
    try (var files = Files.list(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
      }
    }
  }
}
