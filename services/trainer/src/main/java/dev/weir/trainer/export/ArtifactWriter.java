package dev.weir.trainer.export;

import dev.weir.contract.event.EventJson;
import dev.weir.contract.fault.Digests;
import dev.weir.contract.release.Decision;
import dev.weir.contract.release.Manifest;
import dev.weir.contract.text.TokenLimit;
import dev.weir.model.base.BaseModel;
import dev.weir.model.peft.PeftFiles;
import dev.weir.model.session.MergedModel;
import dev.weir.model.spec.ModelException;
import dev.weir.model.spec.Precision;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.store.artifact.StoreException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Writes an adapter in the forms that other programs read: PEFT's files, a merged ONNX model, a
 * model card, and the manifest that vouches for them.
 *
 * <p>Stateless but for its base. A directory that cannot be written to is a {@link StoreException}
 * of reason {@code store-io}: trying again later may help.
 */
public final class ArtifactWriter {

  /** The merged model's name inside an artifact. */
  public static final String MERGED = MergedModel.FILE;

  /** Its 8-bit form's name, where there is one. */
  public static final String MERGED_INT8 = MergedModel.INT8_FILE;

  private static final String CARD = "README.md";

  private final BaseModel base;

  /** A writer of adapters on {@code base}. */
  public ArtifactWriter(BaseModel base) {
    this.base = base;
  }

  /** Writes the adapter's own files, in PEFT's layout. */
  public void writeAdapter(Path directory, AdapterWeights weights, TokenLimit limit) {
    write(directory, () -> PeftFiles.write(directory, weights, base, limit));
  }

  /** Writes the base with the adapter merged into it, as large as the base. */
  public void writeMerged(Path directory, AdapterWeights weights) {
    writeMerged(directory.resolve(MERGED), weights, Precision.FP32);
  }

  /**
   * Writes the same in 8 bits: its linear layers take a quarter.
   *
   * @return the file
   */
  public Path writeMergedInt8(Path directory, AdapterWeights weights) {
    return writeMerged(directory.resolve(MERGED_INT8), weights, Precision.INT8);
  }

  private Path writeMerged(Path file, AdapterWeights weights, Precision precision) {
    write(file, () -> MergedModel.write(base, weights, precision, file));
    return file;
  }

  /** Takes a file back that did not prove itself. */
  public void remove(Path file) {
    try {
      Files.delete(file);
    } catch (IOException e) {
      throw unwritable(file, e);
    }
  }

  private static void write(Path directory, Runnable writing) {
    try {
      writing.run();
    } catch (UncheckedIOException | ModelException e) {
      if (isIo(e)) {
        throw unwritable(directory, e);
      }
      throw e;
    }
  }

  /**
   * Writes the model card and the manifest with the digests of all files.
   *
   * @param manifest complete but for its files
   * @param decision why it was promoted, or {@code null} outside the loop
   * @return the manifest's sha-256 (hex): the adapter's digest
   */
  public String seal(Path directory, Manifest manifest, @Nullable Decision decision) {
    try {
      String card = ModelCard.of(manifest, decision);
      Files.writeString(directory.resolve(CARD), card, StandardCharsets.UTF_8);
      byte[] bytes = EventJson.write(withFiles(manifest, files(directory)));
      Files.write(directory.resolve(Manifest.FILE), bytes);
      return Digests.sha256(bytes);
    } catch (IOException e) {
      throw unwritable(directory, e);
    }
  }

  private static SortedMap<String, Manifest.FileEntry> files(Path directory) throws IOException {
    SortedMap<String, Manifest.FileEntry> files = new TreeMap<>();
    try (Stream<Path> entries = Files.list(directory)) {
      for (Path file : entries.toList()) {
        String name = file.getFileName().toString();
        if (!name.equals(Manifest.FILE)) {
          files.put(name, new Manifest.FileEntry(Digests.sha256(file), Files.size(file)));
        }
      }
    }
    return files;
  }

  private static Manifest withFiles(
      Manifest manifest, SortedMap<String, Manifest.FileEntry> files) {
    return new Manifest(
        manifest.format(),
        manifest.adapter(),
        manifest.version(),
        manifest.method(),
        manifest.baseModel(),
        manifest.baseDigest(),
        manifest.labels(),
        manifest.maxTokens(),
        manifest.truncation(),
        manifest.temperature(),
        files,
        manifest.metrics(),
        manifest.precisions(),
        manifest.lineage());
  }

  private static boolean isIo(Throwable e) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof IOException) {
        return true;
      }
    }
    return false;
  }

  private static StoreException unwritable(Path directory, Exception cause) {
    return new StoreException(
        "store-io",
        "the adapter cannot be written to %s: %s; free disk space, or check the directory's rights"
            .formatted(directory, cause.getMessage()),
        cause);
  }
}
