package dev.weir.deploy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * A certificate authority in a directory, which gives out what Strimzi's operators put into
 * secrets: {@code ca.crt}, {@code user.crt} and {@code user.key}. The JDK's keytool does the work.
 */
final class TestingAuthority {

  private static final String PASSWORD = "changeit";

  private final Path directory;

  /** Makes the authority's key and certificate. */
  TestingAuthority(Path directory)
      throws IOException, InterruptedException, GeneralSecurityException {
    this.directory = Files.createDirectories(directory);
    keytool(
        "-genkeypair",
        "-keystore",
        store("ca"),
        "-alias",
        "ca",
        "-dname",
        "CN=ca",
        "-keyalg",
        "EC",
        "-ext",
        "bc:c",
        "-ext",
        "KeyUsage=keyCertSign",
        "-validity",
        "2");
    Files.writeString(directory.resolve("ca.crt"), pem("CERTIFICATE", chain("ca")[0].getEncoded()));
  }

  /** The authority's certificate, in PEM. */
  String certificate() {
    return Repository.read(directory.resolve("ca.crt"));
  }

  /**
   * Gives out a key and a certificate under a common name, valid for this machine as a server, too.
   */
  Identity identity(String name)
      throws IOException, InterruptedException, GeneralSecurityException {
    String request = directory.resolve(name + ".csr").toString();
    String signed = directory.resolve(name + ".crt").toString();
    keytool(
        "-genkeypair",
        "-keystore",
        store(name),
        "-alias",
        name,
        "-dname",
        "CN=" + name,
        "-keyalg",
        "EC",
        "-validity",
        "2");
    keytool("-certreq", "-keystore", store(name), "-alias", name, "-file", request);
    keytool(
        "-gencert",
        "-keystore",
        store("ca"),
        "-alias",
        "ca",
        "-rfc",
        "-infile",
        request,
        "-outfile",
        signed,
        "-ext",
        "san=ip:127.0.0.1,dns:localhost",
        "-validity",
        "2");
    Key key = load(name).getKey(name, PASSWORD.toCharArray());
    return new Identity(
        name, Repository.read(Path.of(signed)), pem("PRIVATE KEY", key.getEncoded()));
  }

  /**
   * What one user has.
   *
   * @param name the certificate's common name
   * @param certificate in PEM
   * @param key in PEM, PKCS #8
   */
  record Identity(String name, String certificate, String key) {}

  private Certificate[] chain(String name) throws IOException, GeneralSecurityException {
    return load(name).getCertificateChain(name);
  }

  private KeyStore load(String name) throws IOException, GeneralSecurityException {
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(Path.of(store(name)))) {
      keys.load(in, PASSWORD.toCharArray());
    }
    return keys;
  }

  private String store(String name) {
    return directory.resolve(name + ".p12").toString();
  }

  private static String pem(String kind, byte[] content) {
    return "-----BEGIN %s-----%n%s%n-----END %s-----%n"
        .formatted(
            kind, Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content), kind);
  }

  private static void keytool(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of(arguments));
    command.addAll(List.of("-storetype", "PKCS12", "-storepass", PASSWORD));
    Commands.output(command.toArray(String[]::new));
  }
}
