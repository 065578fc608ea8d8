package dev.weir.testing;

import dev.weir.service.security.PemFiles;
import dev.weir.store.signing.AdapterSigner;
import dev.weir.store.signing.ArtifactTrust;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;

/**
 * A key pair that adapters are signed with, in files as {@code weir keys signing} makes them.
 *
 * @param privateKey PEM file
 * @param publicKey PEM file
 */
public record TestingSigner(Path privateKey, Path publicKey) {

  /** Makes one. */
  public static TestingSigner make(Path directory, String name) {
    try {
      KeyPair pair = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
      Files.createDirectories(directory);
      return new TestingSigner(
          Files.writeString(
              directory.resolve(name + ".key"),
              PemFiles.block("PRIVATE KEY", pair.getPrivate().getEncoded())),
          Files.writeString(
              directory.resolve(name + ".pub"),
              PemFiles.block("PUBLIC KEY", pair.getPublic().getEncoded())));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Signs with it. */
  public AdapterSigner signer() {
    return AdapterSigner.of(privateKey);
  }

  /** Believes it, and nobody else. */
  public ArtifactTrust trust() {
    return ArtifactTrust.parse(publicKey.toString());
  }
}
