package dev.weir.store.artifact;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.WebIdentityTokenFileCredentialsProvider;

/**
 * A pod with a role (IRSA) has a token in a file and no other credentials. The SDK exchanges it at
 * AWS's token service, for which it needs a module that it finds by name: nothing but a run shows
 * that it is there.
 */
class PodRoleTest {

  private static final String ANSWER =
      """
      <AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
        <AssumeRoleWithWebIdentityResult>
          <Credentials>
            <AccessKeyId>ASIAPOD</AccessKeyId>
            <SecretAccessKey>secret-of-the-pod</SecretAccessKey>
            <SessionToken>session-of-the-pod</SessionToken>
            <Expiration>2099-01-01T00:00:00Z</Expiration>
          </Credentials>
        </AssumeRoleWithWebIdentityResult>
      </AssumeRoleWithWebIdentityResponse>
      """;

  @TempDir Path directory;
  private final Map<String, String> before = new LinkedHashMap<>();
  private final AtomicReference<String> asked = new AtomicReference<>("");
  private HttpServer tokenService;

  @BeforeEach
  void start() throws Exception {
    tokenService = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    tokenService.createContext(
        "/",
        exchange -> {
          asked.set(new String(exchange.getRequestBody().readAllBytes(), UTF_8));
          byte[] answer = ANSWER.getBytes(UTF_8);
          exchange.getResponseHeaders().set("Content-Type", "text/xml");
          exchange.sendResponseHeaders(200, answer.length);
          exchange.getResponseBody().write(answer);
          exchange.close();
        });
    tokenService.start();
    Path token = Files.writeString(directory.resolve("token"), "token-of-the-service-account");
    set("aws.webIdentityTokenFile", token.toString());
    set("aws.roleArn", "arn:aws:iam::123456789012:role/weir");
    set("aws.roleSessionName", "weir");
    set("aws.region", "eu-central-1");
    set("aws.endpointUrlSts", "http://127.0.0.1:" + tokenService.getAddress().getPort());
  }

  @AfterEach
  void stop() {
    before.forEach(
        (name, value) -> {
          if (value == null) {
            System.clearProperty(name);
          } else {
            System.setProperty(name, value);
          }
        });
    tokenService.stop(0);
  }

  @Test
  void theTokenOfAServiceAccountBecomesCredentials() {
    // The link of the default chain that does it: those before may find keys of whoever tests.
    try (WebIdentityTokenFileCredentialsProvider provider =
        WebIdentityTokenFileCredentialsProvider.create()) {
      AwsCredentials found = provider.resolveCredentials();
      assertThat(found).isInstanceOf(AwsSessionCredentials.class);
      assertThat(found.accessKeyId()).isEqualTo("ASIAPOD");
      assertThat(((AwsSessionCredentials) found).sessionToken()).isEqualTo("session-of-the-pod");
    }
    assertThat(asked.get())
        .contains(
            "Action=AssumeRoleWithWebIdentity",
            "WebIdentityToken=token-of-the-service-account",
            "role%2Fweir");
  }

  private void set(String name, String value) {
    before.put(name, System.getProperty(name));
    System.setProperty(name, value);
  }
}
