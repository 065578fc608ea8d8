package dev.weir.store.signing;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.contract.event.EventJson;
import dev.weir.contract.fault.Digests;
import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.Manifest;
import dev.weir.contract.release.Method;
import dev.weir.contract.text.Truncation;
import dev.weir.testing.TestingSigner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ArtifactTrustTest {

  private static final AdapterId ID = new AdapterId("default", 3);

  @TempDir Path directory;
  private TestingSigner ours;
  private TestingSigner foreign;

  @BeforeEach
  void keys() {
    ours = TestingSigner.make(directory, "ours");
    foreign = TestingSigner.make(directory, "foreign");
  }

  /** The example of the specification, https://github.com/secure-systems-lab/dsse. */
  @Test
  void encodesAsDsseSays() {
    assertThat(
            new String(
                DsseEnvelope.signedBytes(
                    "http://example.com/HelloWorld", "hello world".getBytes(UTF_8)),
                UTF_8))
        .isEqualTo("DSSEv1 29 http://example.com/HelloWorld 11 hello world");
  }

  @Test
  void believesWhatItsOwnKeyHasSigned() throws Exception {
    Path artifact = signed(ID, "weights", ours);
    assertThatCode(() -> ours.trust().check(ID, artifact)).doesNotThrowAnyException();
    assertThatCode(() -> ArtifactTrust.everybody().check(ID, artifact)).doesNotThrowAnyException();

    JsonNode envelope = EventJson.mapper().readTree(artifact.resolve(Manifest.SIGNATURE).toFile());
    assertThat(envelope.get("payloadType").asText()).isEqualTo("application/vnd.in-toto+json");
    JsonNode statement =
        EventJson.mapper().readTree(Base64.getDecoder().decode(envelope.get("payload").asText()));
    assertThat(statement.get("_type").asText()).isEqualTo("https://in-toto.io/Statement/v1");
    assertThat(statement.get("subject").findValuesAsText("name"))
        .containsExactly("manifest.json", "adapter_config.json", "adapter_model.safetensors");
    assertThat(statement.get("predicate").get("version").asInt()).isEqualTo(3);
  }

  @Test
  void asksForASignatureOnlyWhereAKeyIsGiven() throws Exception {
    Path artifact = artifact(ID, "weights");
    assertThatCode(() -> ArtifactTrust.everybody().check(ID, artifact)).doesNotThrowAnyException();
    assertRefused(ours.trust(), ID, artifact, "signature-missing");
  }

  @Test
  void refusesForeignKeysAndBelievesTwoDuringARotation() throws Exception {
    Path artifact = signed(ID, "weights", foreign);
    assertRefused(ours.trust(), ID, artifact, "signature-unknown-key");

    ArtifactTrust both = ArtifactTrust.parse(ours.publicKey() + ", " + foreign.publicKey());
    assertThatCode(() -> both.check(ID, artifact)).doesNotThrowAnyException();
    Path oneFile = directory.resolve("both.pem");
    Files.writeString(
        oneFile, Files.readString(ours.publicKey()) + Files.readString(foreign.publicKey()));
    assertThatCode(() -> ArtifactTrust.parse(oneFile.toString()).check(ID, artifact))
        .doesNotThrowAnyException();
    assertThat(both.trusts(ours.signer())).isTrue();
    assertThat(ours.trust().trusts(foreign.signer())).isFalse();
  }

  @Test
  void refusesTheEnvelopeOfAnotherVersionAndOfOtherFiles() throws Exception {
    Path fourth = signed(new AdapterId("default", 4), "weights", ours);
    Path third = artifact(ID, "weights");
    Files.copy(fourth.resolve(Manifest.SIGNATURE), third.resolve(Manifest.SIGNATURE));
    assertRefused(ours.trust(), ID, third, "signature-invalid", "about default@4");

    Path whole = signed(ID, "weights", ours);
    assertRefused(ours.trust(), new AdapterId("other", 3), whole, "signature-invalid");

    Path changed = artifact(ID, "other weights");
    Files.copy(whole.resolve(Manifest.SIGNATURE), changed.resolve(Manifest.SIGNATURE));
    assertRefused(ours.trust(), ID, changed, "signature-invalid", "other files or digests");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{}",
        "[]",
        "null",
        "{\"payload\":\"!\",\"payloadType\":\"x\",\"signatures\":[{\"sig\":\"!\"}]}",
        "{\"payload\":\"e30=\",\"payloadType\":\"x\",\"signatures\":[{\"sig\":null}]}",
        "{\"payload\":\"e30=\",\"signatures\":[null]}",
        "{\"payload\":\"e30=\",\"signatures\":[{\"sig\":\"e30=\"}]}"
      })
  void refusesWhatIsNoEnvelope(String file) throws Exception {
    Path artifact = artifact(ID, "weights");
    Files.writeString(artifact.resolve(Manifest.SIGNATURE), file);
    assertThatThrownBy(() -> ours.trust().check(ID, artifact))
        .isInstanceOfSatisfying(
            UntrustedArtifactException.class,
            e -> assertThat(e.reason()).isIn("signature-invalid", "signature-unknown-key"));
  }

  @Test
  void everyChangedByteOfTheEnvelopeIsRefusedOrMeansTheSame() throws Exception {
    Path artifact = signed(ID, "weights", ours);
    Path file = artifact.resolve(Manifest.SIGNATURE);
    byte[] good = Files.readAllBytes(file);
    byte[] payload = EventJson.read(good, DsseEnvelope.class).bytes();
    for (int i = 0; i < good.length; i++) {
      byte[] bad = good.clone();
      bad[i] ^= 1;
      Files.write(file, bad);
      try {
        ours.trust().check(ID, artifact);
        // What remains is the hint, or bits of base64 that mean nothing.
        assertThat(EventJson.read(bad, DsseEnvelope.class).bytes()).isEqualTo(payload);
      } catch (UntrustedArtifactException e) {
        assertThat(e.reason()).isIn("signature-invalid", "signature-unknown-key");
      }
    }
  }

  @Test
  void refusesAnEnvelopeWithoutEnd() throws Exception {
    Path artifact = artifact(ID, "weights");
    Files.writeString(
        artifact.resolve(Manifest.SIGNATURE), "{\"payload\":\"" + "A".repeat(1 << 20));
    assertRefused(ours.trust(), ID, artifact, "signature-invalid", "larger than 1 MiB");
  }

  /** A trainer that is asked whether it is believed is judged as its artifacts are. */
  @Test
  void aSignerIsTrustedExactlyWhenWhatItSignsIs() throws Exception {
    Path third = directory.resolve("third.pub");
    Files.writeString(third, Files.readString(TestingSigner.make(directory, "x").publicKey()));
    for (TestingSigner signer : List.of(ours, foreign)) {
      Path artifact = signed(ID, "weights", signer);
      for (String keys :
          List.of(
              "",
              ours.publicKey().toString(),
              foreign.publicKey().toString(),
              third.toString(),
              ours.publicKey() + "," + third)) {
        ArtifactTrust trust = ArtifactTrust.parse(keys);
        boolean believed = true;
        try {
          trust.check(ID, artifact);
        } catch (UntrustedArtifactException e) {
          believed = false;
        }
        assertThat(trust.trusts(signer.signer())).as(keys).isEqualTo(believed);
      }
    }
  }

  /**
   * The id of a key is a hint: it makes no foreign signature ours, and no signature of ours bad.
   */
  @Test
  void whatAnEnvelopeSaysOfItsKeyDecidesNothing() throws Exception {
    Path artifact = signed(ID, "weights", foreign);
    Path file = artifact.resolve(Manifest.SIGNATURE);
    DsseEnvelope envelope = EventJson.read(Files.readAllBytes(file), DsseEnvelope.class);
    String ourId = ArtifactTrust.keyId(ours.signer().publicKey());
    Files.write(file, EventJson.write(named(envelope, ourId)));
    assertRefused(ours.trust(), ID, artifact, "signature-invalid");
    Files.write(file, EventJson.write(named(envelope, ourId)));
    assertThatCode(() -> foreign.trust().check(ID, artifact)).doesNotThrowAnyException();
  }

  private static DsseEnvelope named(DsseEnvelope envelope, String keyId) {
    return new DsseEnvelope(
        envelope.payload(),
        envelope.payloadType(),
        List.of(new DsseEnvelope.Signature(keyId, envelope.signatures().get(0).sig())));
  }

  @Test
  void mistakesInTheKeyFilesAreNamed() throws Exception {
    assertThatThrownBy(() -> ArtifactTrust.parse(ours.privateKey().toString()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("has a 'PRIVATE KEY', accepted are public keys");
    assertThatThrownBy(() -> AdapterSigner.of(ours.publicKey()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("has 0 private keys");
    assertThatThrownBy(() -> ArtifactTrust.parse(directory.resolve("none").toString()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("cannot be read");
  }

  private static void assertRefused(
      ArtifactTrust trust, AdapterId id, Path artifact, String reason) {
    assertRefused(trust, id, artifact, reason, id.toString());
  }

  private static void assertRefused(
      ArtifactTrust trust, AdapterId id, Path artifact, String reason, String said) {
    assertThatThrownBy(() -> trust.check(id, artifact))
        .isInstanceOfSatisfying(
            UntrustedArtifactException.class, e -> assertThat(e.reason()).isEqualTo(reason))
        .hasMessageContaining(said);
  }

  private Path signed(AdapterId id, String weights, TestingSigner by) throws IOException {
    Path artifact = artifact(id, weights);
    by.signer().sign(artifact);
    return artifact;
  }

  private Path artifact(AdapterId id, String weights) throws IOException {
    Path artifact = Files.createTempDirectory(directory, "artifact");
    TreeMap<String, Manifest.FileEntry> files = new TreeMap<>();
    for (String name : List.of("adapter_config.json", "adapter_model.safetensors")) {
      Path file = Files.writeString(artifact.resolve(name), weights);
      files.put(name, new Manifest.FileEntry(Digests.sha256(file), Files.size(file)));
    }
    Manifest manifest =
        new Manifest(
            Manifest.FORMAT,
            id.adapter(),
            id.version(),
            Method.LORA,
            "tiny",
            "base-digest",
            List.of("a", "b"),
            64,
            Truncation.LEFT,
            1.0,
            files,
            new TreeMap<>(),
            List.of(),
            new Manifest.Lineage(
                null, null, null, List.of(), 10, 0, 5, Map.of(), List.of(), Map.of(), 1, "test"));
    Files.copy(
        new java.io.ByteArrayInputStream(EventJson.write(manifest)),
        artifact.resolve(Manifest.FILE),
        StandardCopyOption.REPLACE_EXISTING);
    return artifact;
  }
}
