package dev.weir.store.artifact;

import dev.weir.service.config.Setting;
import dev.weir.service.config.Settings;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where artifacts are.
 *
 * @param directory of the file store
 * @param s3 the S3 store, which is then used instead
 */
public record StoreConfig(Path directory, Optional<S3> s3) {

  /** Where artifacts are on a file system. */
  public static final Setting<Path> STORE_DIR =
      Setting.text("WEIR_STORE_DIR", "weir-data/adapters", "directory of the adapter store")
          .map(Path::of);

  private static final Setting<Optional<Bucket>> STORE =
      new Setting<>(
          "WEIR_STORE",
          "",
          "s3://bucket or s3://bucket/prefix",
          "adapter store on S3 instead of WEIR_STORE_DIR; credentials as the AWS SDK finds them"
              + " (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, profiles, roles)",
          false,
          written -> written.isBlank() ? Optional.empty() : Optional.of(Bucket.parse(written)));

  private static final Setting<Optional<URI>> S3_ENDPOINT =
      new Setting<>(
          "WEIR_S3_ENDPOINT",
          "",
          "http(s)://host:port",
          "address of an S3 server; empty for AWS",
          false,
          StoreConfig::endpoint);

  private static final Setting<String> S3_REGION =
      Setting.text("WEIR_S3_REGION", "us-east-1", "region of the bucket");

  private static final Setting<Boolean> S3_PATH_STYLE =
      Setting.flag(
          "WEIR_S3_PATH_STYLE",
          false,
          "the bucket is named in the path and not in the host, as MinIO and most others want it");

  private static final Setting<Path> S3_CACHE_DIR =
      Setting.text(
              "WEIR_S3_CACHE_DIR",
              "weir-data/store-cache",
              "directory on this machine's disk for what is on its way to S3 and what came from there")
          .map(Path::of);

  private static final Setting<Integer> S3_CACHE_MB =
      Setting.integer(
          "WEIR_S3_CACHE_MB",
          8192,
          16,
          1 << 24,
          "most space that files from S3 take there, in MiB; those not read for the longest time go");

  /**
   * A bucket on some server.
   *
   * @param endpoint the server; empty for AWS
   * @param cacheDirectory for staging and for what was fetched
   * @param cacheBytes most bytes of what was fetched
   */
  public record S3(
      Bucket bucket,
      Optional<URI> endpoint,
      String region,
      boolean pathStyle,
      Path cacheDirectory,
      long cacheBytes) {}

  /**
   * Where in S3.
   *
   * @param name the bucket's
   * @param prefix before each key, empty or ending with a slash
   */
  public record Bucket(String name, String prefix) {

    private static final Pattern FORM =
        Pattern.compile("s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/([A-Za-z0-9._/=-]*))?");

    /**
     * Reads an address.
     *
     * @throws IllegalArgumentException if it is none
     */
    public static Bucket parse(String written) {
      Matcher matcher = FORM.matcher(written.strip());
      if (!matcher.matches()) {
        throw new IllegalArgumentException(
            "is '" + written + "', accepted are s3://bucket and s3://bucket/prefix");
      }
      String prefix = matcher.group(2) == null ? "" : matcher.group(2);
      String trimmed = prefix.replaceAll("^/+|/+$", "");
      return new Bucket(matcher.group(1), trimmed.isEmpty() ? "" : trimmed + "/");
    }

    @Override
    public String toString() {
      return "s3://" + name + "/" + prefix;
    }
  }

  /** A file store. */
  public static StoreConfig files(Path directory) {
    return new StoreConfig(directory, Optional.empty());
  }

  /** These settings, in the order of the README's table. */
  public static List<Setting<?>> settings() {
    return List.of(
        STORE_DIR, STORE, S3_ENDPOINT, S3_REGION, S3_PATH_STYLE, S3_CACHE_DIR, S3_CACHE_MB);
  }

  /** The values of a process that declared {@link #settings}. */
  public static StoreConfig from(Settings settings) {
    return new StoreConfig(
        settings.get(STORE_DIR),
        settings
            .get(STORE)
            .map(
                bucket ->
                    new S3(
                        bucket,
                        settings.get(S3_ENDPOINT),
                        settings.get(S3_REGION),
                        settings.get(S3_PATH_STYLE),
                        settings.get(S3_CACHE_DIR),
                        (long) settings.get(S3_CACHE_MB) << 20)));
  }

  /** Opens the store; connects to nothing yet. The caller closes it. */
  public ArtifactStore open() {
    return s3.<ArtifactStore>map(S3ArtifactStore::open)
        .orElseGet(() -> new FileArtifactStore(directory));
  }

  /** The store's address, for messages. */
  public String address() {
    return s3.map(there -> there.bucket().toString()).orElse(directory.toString());
  }

  /** Where the store takes space on this machine's disk. */
  public Path localDirectory() {
    return s3.map(S3::cacheDirectory).orElse(directory);
  }

  private static Optional<URI> endpoint(String written) {
    if (written.isBlank()) {
      return Optional.empty();
    }
    URI uri = URI.create(written.strip());
    if (uri.getHost() == null || !List.of("http", "https").contains(uri.getScheme())) {
      throw new IllegalArgumentException("is '" + written + "', accepted are http(s)://host:port");
    }
    return Optional.of(uri);
  }
}
