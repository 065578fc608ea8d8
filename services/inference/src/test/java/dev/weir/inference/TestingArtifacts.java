package dev.weir.inference;

import dev.weir.contract.event.EventJson;
import dev.weir.contract.fault.Digests;
import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.Champion;
import dev.weir.contract.release.Decision;
import dev.weir.contract.release.Manifest;
import dev.weir.contract.release.Method;
import dev.weir.contract.release.Release;
import dev.weir.contract.text.TokenLimit;
import dev.weir.contract.text.Truncation;
import dev.weir.model.base.BaseModel;
import dev.weir.model.peft.PeftFiles;
import dev.weir.model.session.MergedModel;
import dev.weir.model.spec.Precision;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.store.artifact.ArtifactStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Artifacts, releases and champions as a trainer would publish them. */
public final class TestingArtifacts {

  public static final List<String> LABELS = List.of("negative", "positive");

  /** Not the default, so that a loss on the way is noticed. */
  public static final TokenLimit LIMIT = new TokenLimit(64, Truncation.LEFT);

  private TestingArtifacts() {}

  /** Publishes a head that always says {@code label}; returns the manifest's digest. */
  public static String publish(ArtifactStore store, BaseModel base, AdapterId id, String label) {
    return publish(store, base, base.digest(), id, weights(base, label));
  }

  /** The same with any numbers, for a base of any digest. */
  public static String publish(
      ArtifactStore store,
      BaseModel base,
      String baseDigest,
      AdapterId id,
      AdapterWeights weights) {
    return publish(store, base, baseDigest, id, weights, List.of(), false);
  }

  /** The same with the precisions that its gate allowed, and with its merged model. */
  public static String publish(
      ArtifactStore store,
      BaseModel base,
      String baseDigest,
      AdapterId id,
      AdapterWeights weights,
      List<String> precisions,
      boolean merged) {
    Path staged = store.stage();
    PeftFiles.write(staged, weights, base, LIMIT);
    if (merged) {
      MergedModel.write(base, weights, Precision.FP32, staged.resolve(MergedModel.FILE));
    }
    Manifest manifest =
        new Manifest(
            Manifest.FORMAT,
            id.adapter(),
            id.version(),
            Method.HEAD_REFRESH,
            base.name(),
            baseDigest,
            weights.labels(),
            LIMIT.maxTokens(),
            LIMIT.truncation(),
            1.0,
            new TreeMap<>(files(staged)),
            new TreeMap<>(),
            precisions,
            new Manifest.Lineage(
                null, null, null, List.of(), 10, 0, 5, Map.of(), List.of(), Map.of(), 1, "test"));
    write(staged.resolve(Manifest.FILE), EventJson.write(manifest));
    return store.publish(id, staged);
  }

  /** A head that always says {@code label}. */
  public static AdapterWeights weights(BaseModel base, String label) {
    float[] bias = new float[LABELS.size()];
    bias[LABELS.indexOf(label)] = 3;
    return AdapterWeights.headOnly(
        LABELS, new float[LABELS.size() * base.config().hiddenSize()], bias);
  }

  public static Champion champion(AdapterId id, String digest) {
    return new Champion(id.adapter(), id.version(), digest, Instant.EPOCH);
  }

  public static Release release(BaseModel base, AdapterId id, String digest) {
    return release(base, id, digest, List.of("fp32"));
  }

  /** The same with the precisions that it states. */
  public static Release release(
      BaseModel base, AdapterId id, String digest, List<String> precisions) {
    return new Release(
        id.adapter(),
        id.version(),
        Release.State.PROMOTED,
        Method.HEAD_REFRESH,
        digest,
        base.name(),
        base.digest(),
        LABELS,
        "batch-" + id.version(),
        new Decision("fewer-errors", "better", 100, .9, .9, .3, null, null, null, 0, 0, 1),
        10,
        1.5,
        Instant.EPOCH,
        Instant.EPOCH,
        Instant.EPOCH,
        precisions);
  }

  private static Map<String, Manifest.FileEntry> files(Path directory) {
    Map<String, Manifest.FileEntry> files = new TreeMap<>();
    try (Stream<Path> list = Files.list(directory)) {
      for (Path file : list.toList()) {
        files.put(
            file.getFileName().toString(),
            new Manifest.FileEntry(Digests.sha256(file), Files.size(file)));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return files;
  }

  private static void write(Path file, byte[] bytes) {
    try {
      Files.write(file, bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
