package dev.weir.store.signing;

import dev.weir.contract.event.EventJson;
import dev.weir.contract.fault.Digests;
import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.Manifest;
import dev.weir.service.security.PemFiles;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.Signature;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Whose adapters this process believes: those signed by one of its keys, or, without any key,
 * everybody's.
 *
 * <p>The signature covers the manifest's digest, the manifest each file's; whoever calls has
 * checked the files against the manifest. No model file is opened here. Immutable.
 */
public final class ArtifactTrust {

  /** An envelope of an artifact with hundreds of files is below this. */
  private static final int MOST_BYTES = 1 << 20;

  private final Map<String, PublicKey> keys;

  private ArtifactTrust(List<PublicKey> keys) {
    Map<String, PublicKey> byId = new LinkedHashMap<>();
    keys.forEach(key -> byId.put(keyId(key), key));
    this.keys = byId;
  }

  /** Believes everybody who can write to the store. */
  public static ArtifactTrust everybody() {
    return new ArtifactTrust(List.of());
  }

  /**
   * Believes the owners of the Ed25519 keys in those PEM files.
   *
   * @param files separated by commas; none believes everybody
   * @throws IllegalArgumentException if a file cannot be used
   */
  public static ArtifactTrust parse(String files) {
    List<PublicKey> keys = new ArrayList<>();
    for (String file : files.split(",", -1)) {
      if (!file.isBlank()) {
        keys.addAll(PemFiles.ed25519PublicKeys(Path.of(file.strip())));
      }
    }
    return new ArtifactTrust(keys);
  }

  /** Whether a signature is asked for at all. */
  public boolean required() {
    return !keys.isEmpty();
  }

  /** Whether what that signer signs is believed here; it signs something to find out. */
  public boolean trusts(AdapterSigner signer) {
    if (!required()) {
      return true;
    }
    byte[] nothing = {'{', '}'};
    byte[] signed = DsseEnvelope.signedBytes(AdapterStatement.PAYLOAD_TYPE, nothing);
    return isTrusted(AdapterStatement.PAYLOAD_TYPE, nothing, signer.sign(signed));
  }

  /**
   * Checks who signed an artifact.
   *
   * @param id which version it is to be
   * @param directory the artifact, its files checked against its manifest
   * @throws UntrustedArtifactException if none of the trusted keys has signed just this version
   * @throws UncheckedIOException if the disk fails
   */
  public void check(AdapterId id, Path directory) {
    if (!required()) {
      return;
    }
    DsseEnvelope envelope = envelope(id, directory);
    byte[] payload = verified(id, envelope);
    try {
      byte[] bytes = Files.readAllBytes(directory.resolve(Manifest.FILE));
      Manifest manifest = EventJson.read(bytes, Manifest.class);
      Optional<String> difference =
          EventJson.read(payload, AdapterStatement.class)
              .difference(id, AdapterStatement.of(manifest, Digests.sha256(bytes)));
      if (difference.isPresent()) {
        throw invalid(id, "the signature is not this artifact's: " + difference.get(), null);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (UncheckedIOException | IllegalArgumentException e) {
      throw invalid(id, "what is signed is no statement on an adapter", e);
    }
  }

  private static DsseEnvelope envelope(AdapterId id, Path directory) {
    try (InputStream in = Files.newInputStream(directory.resolve(Manifest.SIGNATURE))) {
      byte[] bytes = in.readNBytes(MOST_BYTES + 1);
      if (bytes.length > MOST_BYTES) {
        throw invalid(id, "its signature file is larger than 1 MiB", null);
      }
      return EventJson.read(bytes, DsseEnvelope.class);
    } catch (NoSuchFileException e) {
      throw new UntrustedArtifactException(
          "signature-missing",
          "adapter %s is not signed, and WEIR_TRUSTED_KEYS is set here; start the trainer with WEIR_SIGNING_KEY, and train a new version"
              .formatted(id),
          e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (UncheckedIOException e) {
      throw invalid(id, "its signature file is no DSSE envelope", e);
    }
  }

  /** The payload, if a trusted key has signed it. The key's id is a hint: all keys are tried. */
  private byte[] verified(AdapterId id, DsseEnvelope envelope) {
    boolean known = false;
    try {
      byte[] payload = envelope.bytes();
      for (DsseEnvelope.Signature signature : envelope.signatures()) {
        known |= keys.containsKey(String.valueOf(signature.keyid()));
        if (isTrusted(envelope.payloadType(), payload, signature.bytes())) {
          return payload;
        }
      }
    } catch (IllegalArgumentException | NullPointerException e) {
      throw invalid(id, "its signature file is no DSSE envelope", e);
    }
    if (known) {
      throw invalid(id, "what is signed was changed after it was signed", null);
    }
    throw new UntrustedArtifactException(
        "signature-unknown-key",
        "adapter %s is signed by %s, trusted are %s; add the trainer's public key to WEIR_TRUSTED_KEYS if it is yours"
            .formatted(
                id,
                envelope.signatures().stream().map(DsseEnvelope.Signature::keyid).toList(),
                keys.keySet()),
        null);
  }

  /**
   * Whether a signature is by one of the trusted keys, over just these bytes, as a statement on an
   * adapter. Nothing else in Weir decides this; a key's id is a hint for messages and decides
   * nothing.
   */
  private boolean isTrusted(String payloadType, byte[] payload, byte[] signature) {
    byte[] signed = DsseEnvelope.signedBytes(payloadType, payload);
    return payloadType.equals(AdapterStatement.PAYLOAD_TYPE)
        && keys.values().stream().anyMatch(key -> verifies(key, signed, signature));
  }

  private static boolean verifies(PublicKey key, byte[] signed, byte[] signature) {
    try {
      Signature verifier = Signature.getInstance("Ed25519");
      verifier.initVerify(key);
      verifier.update(signed);
      return verifier.verify(signature);
    } catch (GeneralSecurityException e) {
      return false; // A signature that is not even of the right length.
    }
  }

  /** What a key is called: sha-256 (hex) of its SubjectPublicKeyInfo. */
  static String keyId(PublicKey key) {
    return Digests.sha256(key.getEncoded());
  }

  private static UntrustedArtifactException invalid(
      AdapterId id, String problem, @org.jspecify.annotations.Nullable Throwable cause) {
    return new UntrustedArtifactException(
        "signature-invalid",
        "adapter %s is refused: %s; check who can write to the store, and publish a new version"
            .formatted(id, problem),
        cause);
  }
}
