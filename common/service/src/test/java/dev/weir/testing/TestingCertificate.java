package dev.weir.testing;

import dev.weir.service.security.PemFiles;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * A self-signed certificate for {@code localhost} and {@code 127.0.0.1}, made by the JDK's own
 * keytool.
 *
 * @param store PKCS #12 file with key and certificate, for Kafka's broker
 * @param trusted PKCS #12 file with the certificate alone, for clients
 * @param certificate PEM file
 * @param key PEM file, PKCS #8
 * @param x509 what clients see
 */
public record TestingCertificate(
    Path store, Path trusted, Path certificate, Path key, X509Certificate x509) {

  /** Of the PKCS #12 files and of what is in them. */
  public static final String PASSWORD = "changeit";

  /** Makes one. */
  public static TestingCertificate make(Path directory, String name, String algorithm) {
    try {
      Path store = Files.createDirectories(directory).resolve(name + ".p12");
      Process keytool =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                  "-genkeypair",
                  "-alias",
                  "server",
                  "-keyalg",
                  algorithm,
                  "-dname",
                  "CN=" + name,
                  "-ext",
                  "SAN=dns:localhost,ip:127.0.0.1",
                  "-storetype",
                  "PKCS12",
                  "-storepass",
                  PASSWORD,
                  "-keystore",
                  store.toString())
              .redirectErrorStream(true)
              .start();
      String said = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (keytool.waitFor() != 0) {
        throw new IllegalStateException("keytool failed: " + said);
      }
      return read(directory, name, store);
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException("cannot make a certificate", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private static TestingCertificate read(Path directory, String name, Path store)
      throws IOException, GeneralSecurityException {
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(store)) {
      keys.load(in, PASSWORD.toCharArray());
    }
    Certificate made = keys.getCertificate("server");
    byte[] key = keys.getKey("server", PASSWORD.toCharArray()).getEncoded();
    KeyStore trust = KeyStore.getInstance("PKCS12");
    trust.load(null, null);
    trust.setCertificateEntry("server", made);
    Path trusted = directory.resolve(name + "-trusted.p12");
    try (var out = Files.newOutputStream(trusted)) {
      trust.store(out, PASSWORD.toCharArray());
    }
    return new TestingCertificate(
        store,
        trusted,
        Files.writeString(
            directory.resolve(name + ".crt"), PemFiles.block("CERTIFICATE", made.getEncoded())),
        Files.writeString(directory.resolve(name + ".key"), PemFiles.block("PRIVATE KEY", key)),
        (X509Certificate) made);
  }

  /** A context for clients that trust these certificates and no other. */
  public static SSLContext trusting(TestingCertificate... certificates) {
    try {
      KeyStore trust = KeyStore.getInstance("PKCS12");
      trust.load(null, null);
      for (TestingCertificate each : certificates) {
        trust.setCertificateEntry(each.x509().getSerialNumber().toString(), each.x509());
      }
      TrustManagerFactory factory =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      factory.init(trust);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, factory.getTrustManagers(), null);
      return context;
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException("cannot trust a certificate", e);
    }
  }
}
