package dev.weir.trainer.encoder;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.Activation;
import ai.djl.nn.core.Embedding;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.LayerNorm;
import dev.weir.model.base.BaseModel;
import dev.weir.model.spec.HeadKind;
import dev.weir.model.spec.LinearModule;
import dev.weir.model.spec.ModelConfig;
import dev.weir.model.spec.Pooling;
import dev.weir.model.spec.Tensor;
import dev.weir.trainer.lora.BoundAdapter;
import dev.weir.trainer.torch.Arithmetic;
import dev.weir.trainer.torch.ScriptedOps;
import dev.weir.trainer.torch.TorchRuntime;
import dev.weir.trainer.torch.TrainingDevice;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The forward pass of a frozen BERT, DistilBERT or RoBERTa encoder on libtorch, with LoRA where an
 * adapter has it (Devlin et al., "BERT", NAACL 2019).
 *
 * <p>Frozen: the base's own dropout is off, and its weights take no gradients. Each part consumes
 * its input array and frees its intermediate ones, so that a step holds no more than what autograd
 * needs. With {@link Pooling#CLS} the last layer computes the first token only, which is all that
 * is read of it.
 *
 * <p>Owns a copy of the base's weights (133 MB for the default). Used by one thread at a time;
 * whoever made it closes it.
 */
public final class BertEncoder implements AutoCloseable {

  private final ModelConfig config;
  private final Arithmetic arithmetic;
  private final boolean owner;
  private final NDManager manager;
  private final ScriptedOps ops;
  private final Map<String, NDArray> weights;
  private final Map<String, NDArray> halves;

  /** Copies the weights of {@code base} to libtorch, on the CPU and in 32 bits. */
  public BertEncoder(BaseModel base) {
    this(base, TrainingDevice.cpu(), Arithmetic.FP32);
  }

  /** Copies the weights of {@code base} to a device, where all of the encoder's arrays live. */
  public BertEncoder(BaseModel base, TrainingDevice device, Arithmetic arithmetic) {
    this.config = base.config();
    this.arithmetic = arithmetic;
    this.owner = true;
    this.manager = TorchRuntime.newManager(device.device());
    this.ops =
        new ScriptedOps(
            manager, config.attentionHeads(), config.hiddenSize() / config.attentionHeads());
    this.weights = new HashMap<>();
    this.halves = new HashMap<>();
    for (String name : base.weightNames()) {
      Tensor tensor = base.weight(name);
      weights.put(name, TorchRuntime.own(manager, tensor.data(), tensor.shape()));
    }
    if (arithmetic == Arithmetic.BF16) {
      halve();
    }
  }

  /** The copies take no gradients: neither do the weights they are made of. */
  private void halve() {
    for (LinearModule module : LinearModule.values()) {
      for (int layer = 0; layer < config.layers(); layer++) {
        String path = module.path(layer);
        for (String name : List.of(path + ".weight", path + ".bias")) {
          halves.put(name, ops.bfloat16(weight(name)));
        }
      }
    }
  }

  private BertEncoder(BertEncoder of, Arithmetic arithmetic) {
    this.config = of.config;
    this.arithmetic = arithmetic;
    this.owner = false;
    this.manager = of.manager;
    this.ops = of.ops;
    this.weights = of.weights;
    this.halves = of.halves;
  }

  /** The same encoder in 32 bits, as serving computes; it lives no longer than this one. */
  public BertEncoder exact() {
    return new BertEncoder(this, Arithmetic.FP32);
  }

  /** What the frozen linear layers are computed in. */
  public Arithmetic arithmetic() {
    return arithmetic;
  }

  /** The shape of the base. */
  public ModelConfig config() {
    return config;
  }

  /** A child of the encoder's manager, for the arrays of one step; the caller closes it. */
  public NDManager newStep() {
    return manager.newSubManager();
  }

  /**
   * The vectors that enter layer {@code upTo}, {@code [rows, tokens, hidden]}, without any adapter.
   */
  public NDArray prefix(TokenBatch batch, int upTo) {
    NDArray hidden = embed(batch);
    for (int layer = 0; layer < upTo; layer++) {
      hidden = layer(layer, hidden, batch, null, false);
    }
    return hidden;
  }

  /**
   * The text vectors, {@code [rows, hidden]}, which the head reads.
   *
   * @param hidden what enters layer {@code from}; consumed
   * @param adapter its LoRA applies from layer {@code from} on
   * @param training whether LoRA's dropout is on
   */
  public NDArray pooled(
      NDArray hidden, int from, TokenBatch batch, BoundAdapter adapter, boolean training) {
    NDArray x = hidden;
    for (int layer = from; layer < config.layers(); layer++) {
      x = layer(layer, x, batch, adapter, training);
    }
    if (config.pooling() == Pooling.CLS) {
      NDArray first = x.get(new NDIndex(":, 0"));
      return config.head() == HeadKind.POOLER ? pooler(first) : first;
    }
    return x.mul(batch.mean()).sum(new int[] {1});
  }

  /** BERT's own, frozen like the rest of it. */
  private NDArray pooler(NDArray first) {
    return Activation.tanh(
        Linear.linear(first, weight("pooler.dense.weight"), weight("pooler.dense.bias"))
            .singletonOrThrow());
  }

  private NDArray embed(TokenBatch batch) {
    NDManager step = batch.ids().getManager();
    try (NDManager scope = step.newSubManager()) {
      long tokens = batch.ids().getShape().get(1);
      NDArray words = lookup(batch.ids(), "embeddings.word_embeddings.weight");
      words.attach(scope);
      NDArray positions =
          weight("embeddings.position_embeddings.weight").get(scope, new NDIndex("0:" + tokens));
      NDArray sum = words.addi(positions);
      if (config.tokenTypes()) {
        NDArray type =
            weight("embeddings.token_type_embeddings.weight").get(scope, new NDIndex("0"));
        sum = sum.addi(type);
      }
      return handOver(norm(sum, "embeddings.LayerNorm"), step);
    }
  }

  private NDArray layer(
      int layer,
      NDArray hidden,
      TokenBatch batch,
      @Nullable BoundAdapter adapter,
      boolean training) {
    NDManager step = hidden.getManager();
    String path = "encoder.layer." + layer + ".";
    try (NDManager scope = step.newSubManager()) {
      hidden.attach(scope);
      boolean firstTokenOnly = layer == config.layers() - 1 && config.pooling() == Pooling.CLS;
      NDArray asking = firstTokenOnly ? hidden.get(new NDIndex(":, 0:1")) : hidden;
      LoraPath lora = new LoraPath(layer, adapter, training);
      NDArray query = lora.linear(LinearModule.QUERY, asking);
      NDArray key = lora.linear(LinearModule.KEY, hidden);
      NDArray value = lora.linear(LinearModule.VALUE, hidden);
      NDArray context = ops.attention(query, key, value, batch.attention());
      NDArray attended =
          norm(
              lora.linear(LinearModule.ATTENTION_OUTPUT, context).addi(asking),
              path + "attention.output.LayerNorm");
      NDArray output = lora.feedForward(attended).addi(attended);
      return handOver(norm(output, path + "output.LayerNorm"), step);
    }
  }

  private NDArray norm(NDArray x, String path) {
    return LayerNorm.layerNorm(
            x,
            new Shape(config.hiddenSize()),
            weight(path + ".weight"),
            weight(path + ".bias"),
            (float) config.layerNormEps())
        .singletonOrThrow();
  }

  private NDArray lookup(NDArray ids, String table) {
    return Embedding.embedding(ids, weight(table), SparseFormat.DENSE).singletonOrThrow();
  }

  private NDArray weight(String name) {
    NDArray weight = weights.get(name);
    if (weight == null) {
      throw new IllegalArgumentException("the base has no weight " + name);
    }
    return weight;
  }

  private NDArray half(String name) {
    NDArray half = halves.get(name);
    if (half == null) {
      throw new IllegalArgumentException("the base has no linear weight " + name);
    }
    return half;
  }

  private static NDArray handOver(NDArray result, NDManager owner) {
    result.attach(owner);
    return result;
  }

  @Override
  public void close() {
    if (owner) {
      ops.close();
      manager.close();
    }
  }

  /** The linear modules of one layer, each with its LoRA branch if it has one. */
  private final class LoraPath {
    private final int layer;
    private final @Nullable BoundAdapter adapter;
    private final boolean training;

    LoraPath(int layer, @Nullable BoundAdapter adapter, boolean training) {
      this.layer = layer;
      this.adapter = adapter;
      this.training = training;
    }

    NDArray linear(LinearModule module, NDArray x) {
      String path = module.path(layer);
      return adapter == null
          ? frozen(path, x)
          : adapter.linear(
              path,
              x,
              weight(path + ".weight"),
              weight(path + ".bias"),
              read -> frozen(path, read),
              training);
    }

    NDArray feedForward(NDArray x) {
      String inner = LinearModule.INTERMEDIATE.path(layer);
      String outer = LinearModule.OUTPUT.path(layer);
      if (arithmetic == Arithmetic.BF16
          && (adapter == null || !(adapter.changes(inner) || adapter.changes(outer)))) {
        return ops.feedForward(
            x,
            half(inner + ".weight"),
            half(inner + ".bias"),
            half(outer + ".weight"),
            half(outer + ".bias"));
      }
      return linear(LinearModule.OUTPUT, Activation.gelu(linear(LinearModule.INTERMEDIATE, x)));
    }

    private NDArray frozen(String path, NDArray x) {
      return arithmetic == Arithmetic.BF16
          ? ops.linear(x, half(path + ".weight"), half(path + ".bias"))
          : Linear.linear(x, weight(path + ".weight"), weight(path + ".bias")).singletonOrThrow();
    }
  }
}
