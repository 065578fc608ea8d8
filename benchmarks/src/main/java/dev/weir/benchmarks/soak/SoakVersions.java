package dev.weir.benchmarks.soak;

import dev.weir.benchmarks.serving.BenchmarkAdapter;
import dev.weir.benchmarks.serving.StreamText;
import dev.weir.benchmarks.serving.TextStream;
import dev.weir.contract.event.Limits;
import dev.weir.contract.release.AdapterId;
import dev.weir.contract.text.TokenLimit;
import dev.weir.model.base.BaseModel;
import dev.weir.model.graph.SlotLayout;
import dev.weir.model.session.SlotEncoder;
import dev.weir.model.spec.Precision;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.store.artifact.FileArtifactStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The published versions, and texts on which the two whole ones differ clearly.
 *
 * @param whole two versions that serve in turns
 * @param corrupt a version whose weights were changed after it was published
 * @param texts the texts, in the order of {@link Version#negative}
 */
record SoakVersions(List<Version> whole, Version corrupt, List<String> texts) {
  private static final int CORRUPT = 3;
  private static final int TEXTS = 400;
  private static final int CANDIDATES = 800;

  /** Two versions' answers to a text that are closer than this would not tell them apart. */
  private static final double APART = 0.05;

  static SoakVersions publish(
      BaseModel base, FileArtifactStore store, Path root, SoakOptions options) throws IOException {
    TokenLimit limit = TokenLimit.of(options.maxTokens);
    List<AdapterWeights> weights = new ArrayList<>();
    List<String> digests = new ArrayList<>();
    for (int version = 1; version <= CORRUPT; version++) {
      AdapterWeights random =
          BenchmarkAdapter.random(base.config(), BenchmarkAdapter.LIGHT, options.seed + version);
      weights.add(random);
      AdapterId id = new AdapterId(Limits.DEFAULT_ADAPTER, version);
      digests.add(BenchmarkAdapter.publish(store, base, id, random, limit, options.seed + version));
    }
    damage(root.resolve(Limits.DEFAULT_ADAPTER).resolve(Integer.toString(CORRUPT)));
    List<String> texts = new ArrayList<>();
    List<List<Double>> negative = List.of(new ArrayList<>(), new ArrayList<>());
    SlotLayout layout = BenchmarkAdapter.layout(2, BenchmarkAdapter.LIGHT);
    try (SlotEncoder encoder = SlotEncoder.open(base, layout, Precision.FP32, 1)) {
      encoder.write(0, weights.get(0));
      encoder.write(1, weights.get(1));
      TextStream stream = TextStream.read(options.texts, options.texts, options.seed);
      for (StreamText text : stream.sentences(0, CANDIDATES)) {
        int[] tokens = base.tokenizer().encode(text.text(), limit);
        float[][] logits = encoder.run(new int[][] {tokens, tokens}, new int[] {0, 1}).logits();
        double first = first(logits[0]);
        double second = first(logits[1]);
        if (Math.abs(first - second) > APART && texts.size() < TEXTS) {
          texts.add(text.text());
          negative.get(0).add(first);
          negative.get(1).add(second);
        }
      }
    }
    if (texts.isEmpty()) {
      throw new IllegalStateException(
          "both versions say the same of every text; take another --seed");
    }
    return new SoakVersions(
        List.of(
            new Version(1, digests.get(0), negative.get(0)),
            new Version(2, digests.get(1), negative.get(1))),
        new Version(CORRUPT, digests.get(2), List.of()),
        texts);
  }

  /** The probability of the first of two labels. */
  private static double first(float[] logits) {
    return 1 / (1 + Math.exp(logits[1] - logits[0]));
  }

  private static void damage(Path artifact) throws IOException {
    Path file = artifact.resolve("adapter_model.safetensors");
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length / 2] ^= 1;
    Files.write(file, bytes);
  }
}
