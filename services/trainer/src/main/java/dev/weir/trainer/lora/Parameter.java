package dev.weir.trainer.lora;

/**
 * One trainable tensor: its values on the Java heap are the truth, libtorch sees a fresh copy each
 * step.
 *
 * <p>Written by the optimizer on the fitting thread, read by nobody else meanwhile.
 *
 * @param name where it belongs, such as {@code encoder.layer.3.attention.self.query.lora_A}
 * @param values row-major, updated in place
 * @param head whether it belongs to the classifier head, which has its own learning rate
 * @param decays whether weight decay applies: to matrices, not to biases and magnitudes
 * @param shape its dimensions
 */
@SuppressWarnings("ArrayRecordComponent") // identity is the name; the values are meant to change
public record Parameter(String name, float[] values, boolean head, boolean decays, long... shape) {

  /** A parameter with a copy of its values. */
  public Parameter copy() {
    return new Parameter(name, values.clone(), head, decays, shape);
  }
}
