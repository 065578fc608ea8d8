package dev.weir.testing;

import dev.weir.store.artifact.StoreConfig;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;

/**
 * A real S3 server (S3Proxy on a directory) in a process of its own, on a free port. It wants
 * requests that are signed with the key of the system properties {@code aws.…}.
 */
public final class TestingS3 implements AutoCloseable {

  /** The bucket that is there. */
  public static final String BUCKET = "adapters";

  /** Where the build of weir-store puts it. */
  private static final String JAR = "common/store/target/s3proxy/s3proxy.jar";

  private static final Pattern LISTENING = Pattern.compile("\\{127\\.0\\.0\\.1:(\\d+)}");

  private final Path directory;
  private final Process process;
  private final int port;

  private TestingS3(Path directory, Process process, int port) {
    this.directory = directory;
    this.process = process;
    this.port = port;
  }

  static {
    System.setProperty("aws.accessKeyId", "weir");
    System.setProperty("aws.secretAccessKey", "secret");
  }

  /** Starts a server on {@code directory}; port 0 takes a free one. */
  public static TestingS3 start(Path directory, int port) throws IOException {
    Files.createDirectories(directory.resolve("data").resolve(BUCKET));
    Path config =
        Files.writeString(
            directory.resolve("s3proxy.conf"),
            """
            s3proxy.authorization=aws-v4
            s3proxy.endpoint=http://127.0.0.1:%d
            s3proxy.identity=%s
            s3proxy.credential=%s
            jclouds.provider=filesystem-nio2
            jclouds.filesystem.basedir=%s
            """
                .formatted(
                    port,
                    System.getProperty("aws.accessKeyId"),
                    System.getProperty("aws.secretAccessKey"),
                    directory.resolve("data")));
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-XX:TieredStopAtLevel=1",
                "-jar",
                jar().toString(),
                "--properties",
                config.toString())
            .redirectErrorStream(true)
            .start();
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    StringBuilder said = new StringBuilder();
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      said.append(line).append('\n');
      Matcher matcher = LISTENING.matcher(line);
      if (line.contains("Started") && matcher.find()) {
        drain(lines);
        return new TestingS3(directory, process, Integer.parseInt(matcher.group(1)));
      }
    }
    throw new IOException("the S3 server did not start: " + said);
  }

  /** Tests run in their module's directory. */
  private static Path jar() {
    for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
      if (Files.isRegularFile(at.resolve(JAR))) {
        return at.resolve(JAR);
      }
    }
    throw new IllegalStateException("there is no " + JAR + "; build weir-store first");
  }

  /** A full pipe would stop the server. */
  private static void drain(BufferedReader lines) {
    Thread reader =
        new Thread(
            () -> {
              try {
                lines.transferTo(Writer.nullWriter());
              } catch (IOException e) {
                // The server has ended.
              }
            },
            "s3-output");
    reader.setDaemon(true);
    reader.start();
  }

  /** The same server once more, after it was closed. */
  public TestingS3 again() throws IOException {
    return start(directory, port);
  }

  /** A store's configuration that reaches this server. */
  public StoreConfig.S3 config(String prefix, Path cache, long cacheBytes) {
    return new StoreConfig.S3(
        new StoreConfig.Bucket(BUCKET, prefix),
        Optional.of(URI.create("http://127.0.0.1:" + port)),
        "us-east-1",
        true,
        cache,
        cacheBytes);
  }

  /** A client of the SDK's own; the caller closes it. */
  public S3Client client() {
    return S3Client.builder()
        .httpClient(UrlConnectionHttpClient.create())
        .endpointOverride(URI.create("http://127.0.0.1:" + port))
        .region(Region.US_EAST_1)
        .forcePathStyle(true)
        .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
        .build();
  }

  /** Where an object of the bucket is on the server's disk. */
  public Path object(String key) {
    return directory.resolve("data").resolve(BUCKET).resolve(key);
  }

  @Override
  public void close() {
    process.destroyForcibly();
    try {
      if (!process.waitFor(30, TimeUnit.SECONDS)) {
        throw new IllegalStateException("the S3 server does not end");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
