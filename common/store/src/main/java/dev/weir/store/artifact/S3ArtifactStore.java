package dev.weir.store.artifact;

import dev.weir.contract.event.EventJson;
import dev.weir.contract.fault.Digests;
import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.Manifest;
import dev.weir.contract.topic.Installation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An artifact store in an S3 bucket: {@code adapter/version/} with the manifest, and each file
 * under its own digest ({@code sha256/name}).
 *
 * <p>The manifest is written last and only if there is none (a conditional write), so readers see a
 * version whole or not at all, and of two writers one wins. Files cannot be overwritten with other
 * bytes: their key has their digest. What is fetched stays in a cache on this disk, is checked
 * against the manifest each time, and a transfer that broke off goes on where it was. Thread-safe.
 */
public final class S3ArtifactStore implements ArtifactStore {

  /** Half an artifact without a manifest, and uploads: an hour is more than any upload takes. */
  private static final Duration ABANDONED = Duration.ofHours(1);

  private static final int CONFLICTS = 5;

  private static final Pattern MANIFEST_KEY =
      Pattern.compile(
          "([a-z0-9][a-z0-9._-]{0,62})/([1-9]\\d{0,8})/" + Pattern.quote(Manifest.FILE));
  private static final Pattern VERSION_KEY =
      Pattern.compile("([a-z0-9][a-z0-9._-]{0,62}/[1-9]\\d{0,8}/).+");

  private final S3Objects objects;
  private final StoreConfig.Bucket bucket;
  private final StoreCache cache;
  private final Clock clock;

  S3ArtifactStore(StoreConfig.S3 config, Clock clock) {
    this.objects = S3Objects.open(config);
    this.bucket = config.bucket();
    this.cache = new StoreCache(config.cacheDirectory(), config.cacheBytes(), clock);
    this.clock = clock;
  }

  /** A store; connects to nothing yet. */
  public static S3ArtifactStore open(StoreConfig.S3 config) {
    return new S3ArtifactStore(config, Clock.systemUTC());
  }

  @Override
  public Path stage() {
    return cache.stage();
  }

  @Override
  public void discard(Path staged) {
    cache.delete(staged);
  }

  @Override
  public int sweep() {
    Instant limit = clock.instant().minus(ABANDONED);
    int removed = cache.sweep(limit) + objects.abortUploads(limit);
    Map<String, Boolean> whole = new HashMap<>();
    List<S3Objects.Listed> listed = objects.list("");
    for (S3Objects.Listed each : listed) {
      Matcher key = VERSION_KEY.matcher(each.key());
      if (key.matches()) {
        boolean manifest = MANIFEST_KEY.matcher(each.key()).matches();
        whole.merge(key.group(1), manifest, Boolean::logicalOr);
      }
    }
    for (S3Objects.Listed each : listed) {
      Matcher key = VERSION_KEY.matcher(each.key());
      if (key.matches()
          && !whole.getOrDefault(key.group(1), true)
          && each.modified().isBefore(limit)) {
        objects.delete(each.key());
        removed++;
      }
    }
    return removed;
  }

  @Override
  public String publish(AdapterId id, Path staged) {
    String digest = ArtifactFiles.verify(id, staged, name -> true);
    Optional<String> present = digest(id);
    if (present.isPresent() && !present.get().equals(digest)) {
      throw ArtifactFiles.versionTaken(id, present.get(), digest);
    }
    if (present.isEmpty()) {
      Manifest manifest = ArtifactFiles.read(id, staged);
      manifest.files().forEach((name, entry) -> upload(id, staged.resolve(name), entry));
      Path signature = staged.resolve(Manifest.SIGNATURE);
      if (Files.isRegularFile(signature)) {
        objects.put(signatureKey(id, digest), bytes(signature));
      }
      announce(id, digest, bytes(staged.resolve(Manifest.FILE)));
    }
    cache.delete(staged);
    return digest;
  }

  /** Writes the manifest, unless another process was faster: the same bytes are welcome then. */
  private void announce(AdapterId id, String digest, byte[] manifest) {
    for (int attempt = 0; attempt < CONFLICTS; attempt++) {
      if (objects.create(manifestKey(id), manifest)) {
        return;
      }
      Optional<String> other = digest(id);
      if (other.isPresent()) {
        if (!other.get().equals(digest)) {
          throw ArtifactFiles.versionTaken(id, other.get(), digest);
        }
        return;
      }
      // Somebody is writing it at this moment, or has failed to.
    }
    throw new StoreException(
        "store-io", "others keep writing " + bucket + manifestKey(id) + "; trying again", null);
  }

  /** What is there under the digest already came whole: S3 shows no object before. */
  private void upload(AdapterId id, Path file, Manifest.FileEntry entry) {
    String key = fileKey(id, file.getFileName().toString(), entry);
    if (objects.length(key).orElse(-1L) != entry.bytes()) {
      objects.upload(key, file);
    }
  }

  @Override
  public Path fetch(AdapterId id, String digest, Predicate<String> wanted) {
    byte[] bytes =
        objects
            .get(manifestKey(id), ArtifactFiles.MOST_MANIFEST_BYTES)
            .orElseThrow(() -> missing(id, "is not in the store at " + bucket));
    Manifest manifest = ArtifactFiles.parse(id, bytes, bucket + manifestKey(id));
    String found = Digests.sha256(bytes);
    if (!found.equals(digest)) {
      throw ArtifactFiles.digestMismatch(id, found, digest);
    }
    return cache.fill(digest, manifest, bytes, wanted, this::download);
  }

  private void download(Manifest manifest, String digest, String name, Path target) {
    AdapterId id = manifest.id();
    Manifest.FileEntry entry = manifest.files().get(name);
    if (entry == null) {
      Optional<byte[]> signature = objects.get(signatureKey(id, digest), 1 << 20);
      signature.ifPresent(bytes -> write(target, bytes));
    } else if (!objects.download(fileKey(id, name, entry), target, entry.bytes())) {
      throw missing(id, "has no " + name + " in the store at " + bucket);
    }
  }

  private static StoreException missing(AdapterId id, String problem) {
    return new StoreException(
        "artifact-missing",
        "adapter %s %s; check that trainer and inference share WEIR_STORE".formatted(id, problem),
        null);
  }

  @Override
  public Optional<String> digest(AdapterId id) {
    return objects.get(manifestKey(id), ArtifactFiles.MOST_MANIFEST_BYTES).map(Digests::sha256);
  }

  @Override
  public Optional<Manifest> manifest(AdapterId id) {
    String key = manifestKey(id);
    return objects
        .get(key, ArtifactFiles.MOST_MANIFEST_BYTES)
        .map(bytes -> ArtifactFiles.parse(id, bytes, bucket + key));
  }

  @Override
  public List<AdapterId> versions(String adapter) {
    String prefix = new AdapterId(adapter, 1).adapter() + "/";
    return objects.list(prefix).stream()
        .map(each -> MANIFEST_KEY.matcher(each.key()))
        .filter(Matcher::matches)
        .map(key -> new AdapterId(adapter, Integer.parseInt(key.group(2))))
        .sorted(Comparator.comparingInt(AdapterId::version))
        .toList();
  }

  @Override
  public List<String> adapters() {
    return objects.list("").stream()
        .map(each -> MANIFEST_KEY.matcher(each.key()))
        .filter(Matcher::matches)
        .map(key -> key.group(1))
        .distinct()
        .sorted()
        .toList();
  }

  @Override
  public Optional<Installation> owner() {
    return objects
        .get(OWNER, ArtifactFiles.MOST_MANIFEST_BYTES)
        .map(bytes -> ArtifactFiles.owner(bytes, bucket + OWNER));
  }

  @Override
  public Installation claim(Installation owner) {
    Optional<Installation> present = owner();
    for (int attempt = 0; present.isEmpty() && attempt < CONFLICTS; attempt++) {
      if (objects.create(OWNER, EventJson.write(owner))) {
        return owner;
      }
      present = owner();
    }
    return present.orElseThrow(
        () -> new StoreException("store-io", "others keep writing " + bucket + OWNER, null));
  }

  @Override
  public void delete(AdapterId id) {
    // Out of sight first, so that no reader begins with it.
    objects.delete(manifestKey(id));
    objects.list(directory(id)).forEach(each -> objects.delete(each.key()));
  }

  @Override
  public void close() {
    objects.close();
  }

  private static String directory(AdapterId id) {
    return id.adapter() + "/" + id.version() + "/";
  }

  private static String manifestKey(AdapterId id) {
    return directory(id) + Manifest.FILE;
  }

  private static String signatureKey(AdapterId id, String digest) {
    return directory(id) + digest + "/" + Manifest.SIGNATURE;
  }

  private static String fileKey(AdapterId id, String name, Manifest.FileEntry entry) {
    return directory(id) + entry.sha256() + "/" + name;
  }

  private static byte[] bytes(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw local("read", file, e);
    }
  }

  private static void write(Path file, byte[] bytes) {
    try {
      Files.write(file, bytes);
    } catch (IOException e) {
      throw local("write", file, e);
    }
  }

  private static StoreException local(String doing, Path file, IOException cause) {
    return new StoreException(
        "store-io",
        "cannot %s %s: %s; check this disk's free space and the rights of WEIR_S3_CACHE_DIR"
            .formatted(doing, file, cause),
        cause);
  }
}
