package dev.weir.contract.release;

/** How an adapter version was made. */
public enum Method {
  /** A logistic regression on frozen features: a new head, seconds. */
  HEAD_REFRESH,
  /** LoRA matrices and head fine-tuned together: minutes. */
  LORA
}
