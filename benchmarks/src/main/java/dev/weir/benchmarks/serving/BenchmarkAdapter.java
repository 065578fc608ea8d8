package dev.weir.benchmarks.serving;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.contract.event.EventJson;
import dev.weir.contract.fault.Digests;
import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.Manifest;
import dev.weir.contract.text.TokenLimit;
import dev.weir.model.base.BaseModel;
import dev.weir.model.graph.SlotLayout;
import dev.weir.model.peft.PeftFiles;
import dev.weir.model.spec.LinearModule;
import dev.weir.model.spec.ModelConfig;
import dev.weir.model.spec.Precision;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.model.weights.LoraConfig;
import dev.weir.model.weights.LoraPair;
import dev.weir.store.artifact.ArtifactStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * An adapter as training leaves one: LoRA on every layer, no factor zero, and a head for two
 * labels. The numbers are random: time does not depend on them.
 */
public final class BenchmarkAdapter {
  public static final List<String> LABELS = List.of("negative", "positive");

  /** Rank 8 on query and value. */
  public static final LoraConfig LIGHT = lora(8, Set.of(LinearModule.QUERY, LinearModule.VALUE));

  /** What training makes by default: rank 16 on all linear layers. */
  static final LoraConfig FULL = lora(16, Set.of(LinearModule.values()));

  private BenchmarkAdapter() {}

  private static LoraConfig lora(int rank, Set<LinearModule> targets) {
    return new LoraConfig(rank, 2.0 * rank, 0, targets);
  }

  /** The graph that has room for so many adapters of a kind. */
  public static SlotLayout layout(int slots, LoraConfig lora) {
    return new SlotLayout(slots, lora.rank(), LABELS.size(), lora.targets());
  }

  /** Random numbers, small enough to leave the base's answers in shape. */
  public static AdapterWeights random(ModelConfig config, LoraConfig lora, long seed) {
    Random random = new Random(seed);
    int rank = lora.rank();
    Map<String, LoraPair> pairs = new TreeMap<>();
    for (LinearModule module : lora.targets()) {
      for (int layer = 0; layer < config.layers(); layer++) {
        float[] a = normal(random, rank * module.in(config), 1 / Math.sqrt(module.in(config)));
        float[] b = normal(random, module.out(config) * rank, 0.02);
        pairs.put(module.path(layer), new LoraPair(a, b));
      }
    }
    float[] head = normal(random, LABELS.size() * config.hiddenSize(), 0.5);
    return new AdapterWeights(lora, pairs, LABELS, head, normal(random, LABELS.size(), 0.1));
  }

  /**
   * Publishes an artifact as the trainer does; returns the manifest's digest. The manifest is
   * written as JSON: what a reader has to take, whatever further fields later forms have.
   */
  public static String publish(
      ArtifactStore store,
      BaseModel base,
      AdapterId id,
      AdapterWeights weights,
      TokenLimit limit,
      long seed)
      throws IOException {
    Path staged = store.stage();
    PeftFiles.write(staged, weights, base, limit);
    ObjectNode manifest = EventJson.mapper().createObjectNode();
    manifest.put("format", Manifest.FORMAT);
    manifest.put("adapter", id.adapter());
    manifest.put("version", id.version());
    manifest.put("method", "lora");
    manifest.put("baseModel", base.name());
    manifest.put("baseDigest", base.digest());
    manifest.set("labels", EventJson.mapper().valueToTree(weights.labels()));
    manifest.put("maxTokens", limit.maxTokens());
    manifest.set("truncation", EventJson.mapper().valueToTree(limit.truncation()));
    manifest.set("files", EventJson.mapper().valueToTree(files(staged)));
    manifest.putObject("metrics");
    manifest.set("precisions", EventJson.mapper().valueToTree(precisions()));
    ObjectNode lineage = manifest.putObject("lineage");
    lineage.putArray("input");
    lineage.put("trainExamples", 0).put("replayExamples", 0).put("holdoutExamples", 0);
    lineage.putObject("settings");
    lineage.put("seed", seed).put("codeVersion", "benchmark");
    Files.write(staged.resolve(Manifest.FILE), EventJson.write(manifest));
    return store.publish(id, staged);
  }

  /** Every arithmetic: the benchmarks compare speed, which the gate has no say in. */
  static List<String> precisions() {
    return Arrays.stream(Precision.values()).map(Precision::id).toList();
  }

  private static SortedMap<String, Manifest.FileEntry> files(Path directory) throws IOException {
    List<Path> paths = new ArrayList<>();
    try (Stream<Path> list = Files.list(directory)) {
      list.forEach(paths::add);
    }
    SortedMap<String, Manifest.FileEntry> files = new TreeMap<>();
    for (Path file : paths) {
      files.put(
          String.valueOf(file.getFileName()),
          new Manifest.FileEntry(Digests.sha256(file), Files.size(file)));
    }
    return files;
  }

  private static float[] normal(Random random, int size, double deviation) {
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) (random.nextGaussian() * deviation);
    }
    return values;
  }
}
