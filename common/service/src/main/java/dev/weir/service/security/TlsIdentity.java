package dev.weir.service.security;

import java.net.Socket;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyManagementException;
import java.security.NoSuchAlgorithmException;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The certificate chain and the private key that a server of this process shows, from two PEM
 * files.
 *
 * <p>{@link #refresh} reads the files again; connections opened from then on get the new
 * certificate, those that are open go on. Thread-safe.
 */
public final class TlsIdentity extends X509ExtendedKeyManager {

  private static final Logger LOG = LoggerFactory.getLogger(TlsIdentity.class);

  private final Path certificateFile;
  private final Path keyFile;

  /** The newest first; the one before ends the handshakes that have begun with it. */
  private volatile List<Pair> pairs;

  private record Pair(List<X509Certificate> chain, PrivateKey key) {
    String algorithm() {
      return chain.get(0).getPublicKey().getAlgorithm();
    }

    String alias() {
      return algorithm() + "-" + chain.get(0).getSerialNumber();
    }
  }

  private TlsIdentity(Path certificateFile, Path keyFile) {
    this.certificateFile = certificateFile;
    this.keyFile = keyFile;
    this.pairs = List.of(read(certificateFile, keyFile));
  }

  /**
   * Reads a certificate chain and its key.
   *
   * @throws IllegalArgumentException if one cannot be used, or they do not belong together
   */
  public static TlsIdentity of(Path certificateFile, Path keyFile) {
    return new TlsIdentity(certificateFile, keyFile);
  }

  /** Both files. */
  public List<Path> files() {
    return List.of(certificateFile, keyFile);
  }

  /** When the certificate ends that new connections are shown. */
  public Instant validUntil() {
    return pairs.get(0).chain().get(0).getNotAfter().toInstant();
  }

  /** Reads the files again; what they held before goes on when they cannot be used. */
  public synchronized void refresh() {
    try {
      Pair read = read(certificateFile, keyFile);
      pairs = List.of(read, pairs.get(0));
      LOG.info(
          "new certificate of {}, valid until {}",
          read.chain().get(0).getSubjectX500Principal(),
          read.chain().get(0).getNotAfter().toInstant());
    } catch (IllegalArgumentException e) {
      LOG.error("the certificate before stays in use: {}", e.getMessage());
    }
  }

  /** A context for servers that shows this identity and asks clients for none. */
  public SSLContext context() {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(new KeyManager[] {this}, null, null);
      return context;
    } catch (NoSuchAlgorithmException | KeyManagementException e) {
      throw new IllegalStateException("this JDK has no TLS", e);
    }
  }

  private static Pair read(Path certificateFile, Path keyFile) {
    Pair pair = new Pair(PemFiles.certificates(certificateFile), PemFiles.privateKey(keyFile));
    if (!matches(pair)) {
      throw new IllegalArgumentException(
          "names '%s', which is not the key of the first certificate in '%s'; name the pair that was made together"
              .formatted(keyFile, certificateFile));
    }
    return pair;
  }

  /** Signs with the one half and verifies with the other. */
  private static boolean matches(Pair pair) {
    String algorithm =
        switch (pair.algorithm()) {
          case "RSA" -> "SHA256withRSA";
          case "EC" -> "SHA256withECDSA";
          default -> "Ed25519";
        };
    byte[] text = {'w', 'e', 'i', 'r'};
    try {
      Signature signature = Signature.getInstance(algorithm);
      signature.initSign(pair.key());
      signature.update(text);
      byte[] signed = signature.sign();
      signature.initVerify(pair.chain().get(0).getPublicKey());
      signature.update(text);
      return signature.verify(signed);
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  @Override
  public @Nullable String chooseEngineServerAlias(
      String keyType, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
    Pair pair = pairs.get(0);
    // TLS 1.3 asks for the kind of signature, TLS 1.2 for that of the key exchange.
    Set<String> kinds =
        pair.algorithm().equals("EC") ? Set.of("EC", "EC_EC", "EC_RSA") : Set.of(pair.algorithm());
    return kinds.contains(keyType) ? pair.alias() : null;
  }

  @Override
  public @Nullable String chooseServerAlias(
      String keyType, Principal @Nullable [] issuers, @Nullable Socket socket) {
    return chooseEngineServerAlias(keyType, issuers, null);
  }

  @Override
  public X509Certificate @Nullable [] getCertificateChain(String alias) {
    return named(alias).map(pair -> pair.chain().toArray(X509Certificate[]::new)).orElse(null);
  }

  @Override
  public @Nullable PrivateKey getPrivateKey(String alias) {
    return named(alias).map(Pair::key).orElse(null);
  }

  private Optional<Pair> named(String alias) {
    return pairs.stream().filter(pair -> pair.alias().equals(alias)).findFirst();
  }

  @Override
  public String @Nullable [] getServerAliases(String keyType, Principal @Nullable [] issuers) {
    String alias = chooseEngineServerAlias(keyType, issuers, null);
    return alias == null ? null : new String[] {alias};
  }

  @Override
  public String @Nullable [] getClientAliases(String keyType, Principal @Nullable [] issuers) {
    return null;
  }

  @Override
  public @Nullable String chooseClientAlias(
      String[] keyTypes, Principal @Nullable [] issuers, @Nullable Socket socket) {
    return null;
  }
}
