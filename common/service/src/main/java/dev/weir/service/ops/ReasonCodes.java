package dev.weir.service.ops;

import java.util.List;
import java.util.stream.Stream;

/**
 * The codes that {@link dev.weir.contract.fault.WeirException}s carry as their reason, so that
 * counters by reason are there from the start. A test holds the lists to the sources: a code that
 * is thrown and not listed fails it.
 */
public final class ReasonCodes {

  /** Codes of the exceptions that this module throws. */
  public static final List<String> COMMON =
      List.of(
          "adapter-not-finite",
          "adapter-shape-mismatch",
          "artifact-missing",
          "bad-file-name",
          "checksum-mismatch",
          "corrupt-json",
          "corrupt-onnx",
          "corrupt-safetensors",
          "corrupt-tokenizer",
          "digest-mismatch",
          "dora-not-in-layout",
          "file-missing",
          "gpu-unusable",
          "head-mismatch",
          "inference-failed",
          "invalid-adapter",
          "invalid-graph",
          "invalid-layout",
          "invalid-lora-config",
          "invalid-model-config",
          "layout-too-large",
          "manifest-mismatch",
          "manifest-unreadable",
          "missing-file",
          "missing-weight",
          "model-too-large",
          "no-cuda-libraries",
          "pooling-mismatch",
          "port-in-use",
          "precision-not-portable",
          "rank-too-large",
          "signature-invalid",
          "signature-missing",
          "signature-unknown-key",
          "store-io",
          "store-owner-unreadable",
          "target-not-in-layout",
          "too-many-labels",
          "unknown-base",
          "unknown-module",
          "unknown-pooling",
          "unreadable-file",
          "unsupported-architecture",
          "unsupported-peft-option",
          "unsupported-tokenizer",
          "unwritable-file",
          "version-taken",
          "weight-shape-mismatch");

  private ReasonCodes() {}

  /** These and the ones of another module, each once. */
  public static List<String> with(List<String> others) {
    return Stream.concat(COMMON.stream(), others.stream()).distinct().sorted().toList();
  }
}
