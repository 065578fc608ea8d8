package dev.weir.trainer.lora;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.Dropout;
import dev.weir.trainer.torch.TorchRuntime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * A trainable adapter's parameters as leaf arrays of one step, whose manager owns them.
 *
 * <p>A fresh leaf each step has no gradient yet and shares no memory with anything: nothing has to
 * be zeroed, and a non-finite step leaves no trace.
 */
public final class BoundAdapter {

  private final NDManager step;
  private final Map<String, NDArray> leaves;
  private final List<Parameter> parameters;
  private final Map<String, NDArray> scalings;
  private final Map<String, NDArray> lengths = new HashMap<>();
  private final float dropout;
  private final BoundHead head;

  BoundAdapter(
      NDManager step,
      Map<String, NDArray> leaves,
      List<Parameter> parameters,
      Map<String, NDArray> scalings,
      float dropout,
      BoundHead head) {
    this.step = step;
    this.leaves = leaves;
    this.parameters = parameters;
    this.scalings = scalings;
    this.dropout = dropout;
    this.head = head;
  }

  /** Whether LoRA changes a linear module. */
  public boolean changes(String modulePath) {
    return leaves.containsKey(TrainableAdapter.nameOfA(modulePath));
  }

  /**
   * A linear module's output under the adapter, x·W + bias where it has no LoRA.
   *
   * <p>LoRA adds scaling · B · A · dropout(x). DoRA multiplies both by g, magnitude / ‖W + scaling
   * · B · A‖ per output; as in PEFT the length is a constant to the gradient, and while dropout is
   * on the base's share of what DoRA changes, (g − 1) · W, reads the dropped input as well.
   *
   * @param weight {@code [out, in]}, of the frozen base
   * @param bias {@code [out]}
   * @param frozen the base's own product with bias, as its arithmetic has it
   * @param training whether dropout is on
   */
  public NDArray linear(
      String modulePath,
      NDArray x,
      NDArray weight,
      NDArray bias,
      UnaryOperator<NDArray> frozen,
      boolean training) {
    NDArray scaling = scalings.get(modulePath);
    if (scaling == null) {
      return frozen.apply(x);
    }
    boolean drops = training && dropout > 0;
    NDArray read = drops ? Dropout.dropout(x, dropout, true).singletonOrThrow() : x;
    NDArray narrow =
        Linear.linear(read, leaf(TrainableAdapter.nameOfA(modulePath))).singletonOrThrow();
    NDArray change =
        Linear.linear(narrow.mul(scaling), leaf(TrainableAdapter.nameOfB(modulePath)))
            .singletonOrThrow();
    NDArray magnitude = leaves.get(TrainableAdapter.nameOfMagnitude(modulePath));
    if (magnitude == null) {
      return frozen.apply(x).addi(change);
    }
    NDArray g = magnitude.div(length(modulePath, weight, scaling));
    g.attach(x.getManager());
    NDArray base = Linear.linear(read, weight).singletonOrThrow();
    NDArray scaled = base.add(change).mul(g);
    return drops
        ? scaled.addi(Linear.linear(x, weight, bias).singletonOrThrow()).subi(base)
        : scaled.addi(bias);
  }

  /** ‖W + scaling · B · A‖ per row, the same for all parts of a step. */
  @SuppressWarnings("try") // the mode acts by being open
  private NDArray length(String modulePath, NDArray weight, NDArray scaling) {
    NDArray known = lengths.get(modulePath);
    if (known != null) {
      return known;
    }
    try (NDManager scope = step.newSubManager();
        TorchRuntime.GradientMode off = TorchRuntime.gradients(false)) {
      NDArray b = leaf(TrainableAdapter.nameOfB(modulePath)).mul(scaling);
      b.attach(scope);
      NDArray merged = b.matMul(leaf(TrainableAdapter.nameOfA(modulePath))).addi(weight);
      NDArray length = merged.norm(new int[] {1});
      length.attach(step);
      lengths.put(modulePath, length);
      return length;
    }
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
