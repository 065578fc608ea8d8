package dev.weir.trainer.lora;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Activation;
import ai.djl.nn.core.Linear;
import dev.weir.model.spec.HeadKind;
import java.util.Map;

/** A head's parameters as arrays of one step, and what it makes of a text vector. */
final class BoundHead {

  private final Map<String, NDArray> leaves;
  private final HeadKind kind;
  private final NDArray denseUnit;
  private final NDArray classifierUnit;

  BoundHead(Map<String, NDArray> leaves, HeadKind kind, NDArray denseUnit, NDArray classifierUnit) {
    this.leaves = leaves;
    this.kind = kind;
    this.denseUnit = denseUnit;
    this.classifierUnit = classifierUnit;
  }

  NDArray logits(NDArray pooled) {
    if (!kind.hasDense()) {
      return linear(pooled, leaf(TrainableAdapter.HEAD_WEIGHT), leaf(TrainableAdapter.HEAD_BIAS));
    }
    NDArray sum =
        linear(
            pooled,
            leaf(TrainableAdapter.DENSE_WEIGHT).mul(denseUnit),
            leaf(TrainableAdapter.DENSE_BIAS).mul(denseUnit));
    NDArray read = kind == HeadKind.DENSE_RELU ? Activation.relu(sum) : Activation.tanh(sum);
    return linear(
        read,
        leaf(TrainableAdapter.HEAD_WEIGHT).mul(classifierUnit),
        leaf(TrainableAdapter.HEAD_BIAS));
  }

  private static NDArray linear(NDArray x, NDArray weight, NDArray bias) {
    return Linear.linear(x, weight, bias).singletonOrThrow();
  }

  private NDArray leaf(String name) {
    NDArray leaf = leaves.get(name);
    if (leaf == null) {
      throw new IllegalArgumentException("no parameter " + name);
    }
    return leaf;
  }
}
