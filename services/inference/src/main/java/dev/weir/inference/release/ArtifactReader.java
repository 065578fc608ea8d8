package dev.weir.inference.release;

import dev.weir.contract.event.EventJson;
import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.Manifest;
import dev.weir.contract.release.Release;
import dev.weir.inference.device.PrecisionChoice;
import dev.weir.inference.slot.LoadException;
import dev.weir.inference.slot.LoadedAdapter;
import dev.weir.inference.slot.ServingAdapter;
import dev.weir.inference.slot.WantedVersion;
import dev.weir.inference.slot.WeightSource;
import dev.weir.model.base.BaseModel;
import dev.weir.model.device.OnnxDevice;
import dev.weir.model.peft.PeftFiles;
import dev.weir.model.session.MergedEncoder;
import dev.weir.model.session.MergedModel;
import dev.weir.model.spec.ModelConfig;
import dev.weir.model.spec.Precision;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.store.artifact.ArtifactStore;
import dev.weir.store.artifact.StoreException;
import dev.weir.store.signing.ArtifactTrust;
import dev.weir.store.signing.UntrustedArtifactException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fetches the artifact of a version and checks all that can be checked without running it: files
 * against the manifest, the manifest against the record, base model, shapes, labels. Chooses its
 * precision.
 *
 * <p>What was fetched once is kept on this disk, and read from there without the store. The merged
 * model, as large as the base, is looked at for the one adapter alone that is served by it.
 * Thread-safe; blocks on store and disk.
 */
public final class ArtifactReader implements WeightSource {

  private static final Logger LOG = LoggerFactory.getLogger(ArtifactReader.class);

  private final ArtifactStore store;
  private final LocalCopies copies;
  private final ArtifactTrust trust;
  private final PrecisionChoice precision;
  private final String merged;
  private final OnnxDevice device;
  private final String baseName;
  private final String baseDigest;
  private final ModelConfig config;

  /**
   * Reads artifacts for one base model.
   *
   * @param copies where what was read is kept
   * @param trust whose artifacts are believed, in the store and among the copies
   * @param precision which arithmetic an adapter is served in
   * @param merged name of the adapter that is served by its merged model; empty for none
   * @param device what merged models run on
   */
  public ArtifactReader(
      ArtifactStore store,
      BaseModel base,
      LocalCopies copies,
      ArtifactTrust trust,
      PrecisionChoice precision,
      String merged,
      OnnxDevice device) {
    this.store = store;
    this.copies = copies;
    this.trust = trust;
    this.precision = precision.on(device);
    this.merged = merged;
    this.device = device;
    this.baseName = base.name();
    this.baseDigest = base.digest();
    this.config = base.config();
  }

  /** Which precision is opened first. */
  public PrecisionChoice precision() {
    return precision;
  }

  /**
   * Reads one version.
   *
   * @throws StoreException if the store cannot deliver the artifact, or delivers another one
   * @throws UntrustedArtifactException if nobody who is trusted has signed it
   * @throws dev.weir.model.spec.ModelException if its files are damaged or misshapen
   * @throws LoadException if it does not belong to this process
   */
  LoadedAdapter read(WantedVersion wanted) {
    AdapterId id = wanted.id();
    Release release = wanted.release();
    if (release != null && !wanted.digest().equals(release.digest())) {
      throw new LoadException(
          "digest-mismatch",
          "the record that wants %s names digest %s, its release record %s; publish a new version"
              .formatted(id, wanted.digest(), release.digest()));
    }
    if (id.adapter().equals(merged)) {
      return readMerged(wanted);
    }
    Optional<Path> copy = copy(id, wanted.digest());
    if (copy.isPresent()) {
      return parse(id, wanted.digest(), copy.get(), release);
    }
    Path directory = store.fetch(id, wanted.digest(), PeftFiles.FILES::contains);
    trust.check(id, directory);
    LoadedAdapter loaded = parse(id, wanted.digest(), directory, release);
    copies.save(wanted.digest(), directory);
    return loaded;
  }

  @Override
  public boolean onDisk(String digest) {
    return copies.has(digest);
  }

  @Override
  public Optional<LoadedAdapter> readCopy(ServingAdapter version) {
    return copy(version.id(), version.digest())
        .map(directory -> parse(version.id(), version.digest(), directory, null));
  }

  @Override
  public LoadedAdapter fetch(ServingAdapter version) {
    return read(new WantedVersion(version.id(), version.digest(), null));
  }

  /** A copy that is whole and signed as this process asks for; another one is as good as none. */
  private Optional<Path> copy(AdapterId id, String digest) {
    Optional<Path> copy = copies.verified(digest);
    try {
      copy.ifPresent(directory -> trust.check(id, directory));
      return copy;
    } catch (UntrustedArtifactException e) {
      LOG.warn("{}: {}; its copy is not used", e.reason(), e.getMessage());
      copies.remove(digest);
      return Optional.empty();
    }
  }

  private LoadedAdapter readMerged(WantedVersion wanted) {
    AdapterId id = wanted.id();
    Path directory =
        store.fetch(
            id, wanted.digest(), name -> PeftFiles.FILES.contains(name) || isMergedModel(name));
    trust.check(id, directory);
    LoadedAdapter plain = parse(id, wanted.digest(), directory, wanted.release());
    Path eightBit = directory.resolve(MergedModel.INT8_FILE);
    boolean int8 =
        plain.precision() == Precision.INT8
            && Files.isRegularFile(eightBit)
            && (precision.forced() != null || !MergedEncoder.dependsOnBatch(eightBit));
    Path file = int8 ? eightBit : directory.resolve(MergedModel.FILE);
    if (!Files.isRegularFile(file)) {
      throw new LoadException(
          "merged-model-missing",
          "adapter %s is to be served merged, and its artifact has no %s; take it out of WEIR_SERVE_MERGED, or train it again"
              .formatted(id, MergedModel.FILE));
    }
    MergedEncoder encoder = MergedEncoder.open(file, 1, config.padTokenId(), device);
    try {
      sameLabels(id, "merged model", encoder.labels(), plain.labels());
    } catch (LoadException e) {
      encoder.close();
      throw e;
    }
    return new LoadedAdapter(
        id,
        plain.digest(),
        plain.weights(),
        plain.limit(),
        plain.temperature(),
        int8 ? Precision.INT8 : Precision.FP32,
        plain.allowed(),
        encoder);
  }

  private static boolean isMergedModel(String name) {
    return name.equals(MergedModel.FILE) || name.equals(MergedModel.INT8_FILE);
  }

  private LoadedAdapter parse(
      AdapterId id, String digest, Path directory, @Nullable Release release) {
    Manifest manifest = manifest(id, directory);
    if (!manifest.baseDigest().equals(baseDigest)) {
      throw new LoadException(
          "base-mismatch",
          "adapter %s expects base model %s with sha-256 %s, this process loaded %s with %s; retrain it, or start with WEIR_BASE_MODEL=%s"
              .formatted(
                  id,
                  manifest.baseModel(),
                  manifest.baseDigest(),
                  baseName,
                  baseDigest,
                  manifest.baseModel()));
    }
    if (manifest.maxTokens() < 2 || manifest.maxTokens() > config.maxPositions()) {
      throw new LoadException(
          "max-tokens-out-of-range",
          "adapter %s reads %d tokens, the base model takes 2 to %d; retrain it"
              .formatted(id, manifest.maxTokens(), config.maxPositions()));
    }
    AdapterWeights weights = PeftFiles.read(directory, config);
    sameLabels(id, "manifest", manifest.labels(), weights.labels());
    if (release != null) {
      sameLabels(id, "release record", release.labels(), weights.labels());
    }
    List<String> allowed = allowed(manifest, release);
    return new LoadedAdapter(
        id,
        digest,
        weights,
        manifest.limit(),
        manifest.temperature(),
        precision.choose(allowed),
        allowed,
        null);
  }

  /**
   * The manifest says in what an adapter may be served: it is what is signed. A release record,
   * which whoever may write the topic can replace, can only leave out some of it.
   */
  private static List<String> allowed(Manifest manifest, @Nullable Release release) {
    return release == null || release.precisions().isEmpty()
        ? manifest.precisions()
        : manifest.precisions().stream().filter(release.precisions()::contains).toList();
  }

  private static void sameLabels(
      AdapterId id, String where, List<String> stated, List<String> found) {
    if (!stated.equals(found)) {
      throw new LoadException(
          "label-mismatch",
          "the head of adapter %s has the labels %s, its %s says %s; publish a new version"
              .formatted(id, found, where, stated));
    }
  }

  private static Manifest manifest(AdapterId id, Path directory) {
    try {
      return EventJson.read(Files.readAllBytes(directory.resolve(Manifest.FILE)), Manifest.class);
    } catch (IOException | UncheckedIOException e) {
      throw new StoreException(
          "manifest-unreadable",
          "the manifest of " + id + " cannot be read: " + e.getMessage() + "; check the store",
          e);
    }
  }
}
