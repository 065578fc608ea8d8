package dev.weir.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * The secrets that pods mount: those of Strimzi's operators, and those that {@code
 * k8s/components/secured} asks for, made by the commands that the installation text names.
 */
final class Secrets {

  private final SecuredKafka kafka;
  private final HostImage image;
  private final Path directory;
  private final Map<String, Map<String, String>> made = new ConcurrentHashMap<>();
  private String apiKey = "";

  Secrets(SecuredKafka kafka, HostImage image, Path directory) {
    this.kafka = kafka;
    this.image = image;
    this.directory = directory;
  }

  /** The files of a secret, by name. */
  Map<String, String> files(String secret)
      throws IOException, InterruptedException, GeneralSecurityException {
    Map<String, String> known = made.get(secret);
    if (known != null) {
      return known;
    }
    switch (secret) {
      case "weir-cluster-ca-cert" -> made.put(secret, Map.of("ca.crt", kafka.authority()));
      case "weir-tls" -> {
        TestingAuthority.Identity server = kafka.identity("weir-inference.weir.svc");
        made.put(
            secret,
            Map.of(
                "tls.crt",
                server.certificate(),
                "tls.key",
                server.key(),
                "ca.crt",
                kafka.authority()));
      }
      case "weir-http-keys" -> made.put(secret, Map.of("keys", newApiKey()));
      case "weir-signing", "weir-trusted-keys" -> newSigningKeys();
      default -> {
        TestingAuthority.Identity user = kafka.identity(secret);
        made.put(secret, Map.of("user.crt", user.certificate(), "user.key", user.key()));
      }
    }
    return made.get(secret);
  }

  /** The key of the client that may do everything; empty if no pod asked for keys. */
  String apiKey() {
    return apiKey;
  }

  /** Believes the authority that signed {@code weir-tls}. */
  SSLContext believing() throws IOException, GeneralSecurityException {
    KeyStore authorities = KeyStore.getInstance(KeyStore.getDefaultType());
    authorities.load(null, null);
    authorities.setCertificateEntry(
        "ca",
        CertificateFactory.getInstance("X.509")
            .generateCertificate(
                new ByteArrayInputStream(kafka.authority().getBytes(StandardCharsets.US_ASCII))));
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(authorities);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return context;
  }

  private String newApiKey() throws IOException, InterruptedException {
    List<String> printed =
        weir("keys-new", List.of("keys", "new", "--name", "test", "--scopes", "admin"), List.of());
    apiKey = after(printed, "key, for the client");
    return after(printed, "line, for the server") + "\n";
  }

  private void newSigningKeys() throws IOException, InterruptedException {
    Path keys = Files.createDirectories(directory.resolve("signing-keys"));
    Files.setAttribute(keys, "unix:uid", 65532);
    weir(
        "keys-signing",
        List.of(
            "keys", "signing", "--private", "/keys/signing.pem", "--public", "/keys/trusted.pem"),
        List.of(new ComposeFile.Mount(keys.toString(), "/keys", "rw")));
    for (Map.Entry<String, String> each :
        Map.of("weir-signing", "signing.pem", "weir-trusted-keys", "trusted.pem").entrySet()) {
      made.put(
          each.getKey(), Map.of(each.getValue(), Repository.read(keys.resolve(each.getValue()))));
    }
  }

  private List<String> weir(String name, List<String> arguments, List<ComposeFile.Mount> mounts)
      throws IOException, InterruptedException {
    Container run = image.start(name, arguments, Map.of(), mounts);
    assertThat(run.process().waitFor()).as(run::logs).isZero();
    return new ArrayList<>(run.logs().lines().toList());
  }

  private static String after(List<String> lines, String introduction) {
    for (int i = 0; i + 1 < lines.size(); i++) {
      if (lines.get(i).startsWith(introduction)) {
        return lines.get(i + 1);
      }
    }
    throw new AssertionError("'" + introduction + "' is not in " + lines);
  }
}
