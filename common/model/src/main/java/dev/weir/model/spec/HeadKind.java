package dev.weir.model.spec;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What lies between a text vector and the logits: the sequence-classification heads of Hugging
 * Face's models.
 *
 * <p>An adapter with a dense layer of its own computes {@code classifier(f(dense(vector)))}, all
 * others {@code classifier(vector)}.
 */
public enum HeadKind {
  /** The classifier reads the pooled vector: the built-in models, and all with a pooling file. */
  LINEAR("classifier", null),
  /**
   * BERT's: the vector is {@code tanh(pooler.dense(h[CLS]))} with the base's own frozen weights.
   */
  POOLER("classifier", null),
  /** DistilBERT's: a dense layer of the adapter's and ReLU before the classifier. */
  DENSE_RELU("classifier", "pre_classifier"),
  /** RoBERTa's: a dense layer of the adapter's and tanh before the classifier. */
  DENSE_TANH("classifier.out_proj", "classifier.dense");

  private final String classifier;
  private final @Nullable String dense;

  HeadKind(String classifier, @Nullable String dense) {
    this.classifier = classifier;
    this.dense = dense;
  }

  /** The name in files, e.g. {@code dense-relu}. */
  public String id() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The Hugging Face module whose rows are the labels. */
  public String classifier() {
    return classifier;
  }

  /** The Hugging Face module of the adapter's dense layer, or {@code null} if it has none. */
  public @Nullable String dense() {
    return dense;
  }

  /** Whether the adapter has a dense layer, {@code [hidden, hidden]}, before the classifier. */
  public boolean hasDense() {
    return dense != null;
  }

  /** The ONNX operator behind the dense layer of the adapter, or of the base's pooler. */
  public String activation() {
    return this == DENSE_RELU ? "Relu" : "Tanh";
  }
}
