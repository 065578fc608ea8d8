package dev.weir.common.model;

/** The arithmetic of the base model's linear layers; LoRA and head are always 32-bit floats. */
public enum Precision {
  /** 32-bit floats: the reference. */
  FP32,
  /**
   * 8-bit weights per output channel and activations quantised at run time with one scale per
   * batch: faster, and a row's answer depends slightly on the rows it is batched with.
   */
  INT8
}
