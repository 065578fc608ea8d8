package dev.weir.trainer.lora;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.Dropout;
import dev.weir.trainer.encoder.TorchRuntime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A trainable adapter's parameters as leaf arrays of one step, whose manager owns them.
 *
 * <p>A fresh leaf each step has no gradient yet and shares no memory with anything: nothing has to
 * be zeroed, and a non-finite step leaves no trace.
 */
public final class BoundAdapter {

  private final Map<String, NDArray> leaves;
  private final List<Parameter> parameters;
  private final NDArray scaling;
  private final float dropout;
  private final BoundHead head;

  BoundAdapter(
      Map<String, NDArray> leaves,
      List<Parameter> parameters,
      NDArray scaling,
      float dropout,
      BoundHead head) {
    this.leaves = leaves;
    this.parameters = parameters;
    this.scaling = scaling;
    this.dropout = dropout;
    this.head = head;
  }

  /** Whether LoRA changes a linear module. */
  public boolean changes(String modulePath) {
    return leaves.containsKey(TrainableAdapter.nameOfA(modulePath));
  }

  /**
   * What LoRA adds to a linear module's output, scaling · B · A · dropout(x), or {@code null} where
   * it has none.
   */
  public @Nullable NDArray change(String modulePath, NDArray x, boolean training) {
    NDArray a = leaves.get(TrainableAdapter.nameOfA(modulePath));
    NDArray b = leaves.get(TrainableAdapter.nameOfB(modulePath));
    if (a == null || b == null) {
      return null;
    }
    NDArray low = Linear.linear(dropped(x, training), a).singletonOrThrow();
    return Linear.linear(low.mul(scaling), b).singletonOrThrow();
  }

  /**
   * Logits, {@code [rows, labels]}. There is no dropout here: the head is folded from standardised
   * features, its large weights cancel out, and dropping one of two that do is not noise but
   * damage.
   */
  public NDArray logits(NDArray pooled) {
    return head.logits(pooled);
  }

  /** The gradients since the binding, one array per parameter, in the parameters' order. */
  public List<float[]> gradients() {
    List<float[]> gradients = new ArrayList<>(parameters.size());
    for (Parameter parameter : parameters) {
      try (NDArray gradient = leaf(parameter.name()).getGradient()) {
        gradients.add(gradient.toFloatArray());
      }
    }
    return gradients;
  }

  private NDArray dropped(NDArray x, boolean training) {
    return training && dropout > 0 ? Dropout.dropout(x, dropout, true).singletonOrThrow() : x;
  }

  private NDArray leaf(String name) {
    NDArray leaf = leaves.get(name);
    if (leaf == null) {
      throw new IllegalArgumentException("no parameter " + name);
    }
    return leaf;
  }

  static NDArray leaf(NDManager step, Parameter parameter, boolean training) {
    NDArray leaf = TorchRuntime.own(step, parameter.values(), parameter.shape());
    leaf.setRequiresGradient(training);
    return leaf;
  }
}
