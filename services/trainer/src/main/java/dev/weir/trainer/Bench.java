package dev.weir.trainer;

import dev.weir.common.model.BaseModel;
import dev.weir.common.model.Precision;
import dev.weir.common.store.ArtifactStore;
import dev.weir.trainer.encoder.BertEncoder;
import dev.weir.trainer.encoder.TorchRuntime;
import dev.weir.trainer.encoder.TrainingDevice;
import dev.weir.trainer.evaluate.PromotionGate;
import dev.weir.trainer.evaluate.ServingEncoder;
import dev.weir.trainer.export.ArtifactWriter;
import dev.weir.trainer.fit.TrainingOptions;
import org.jspecify.annotations.Nullable;

/**
 * The tools that adapters are made and judged with: encoders, gate, store.
 *
 * <p>Encoders open at their first use. Owned by the fitting thread, which closes it; the base and
 * the store are not its own.
 */
final class Bench implements AutoCloseable {

  private final BaseModel base;
  private final ArtifactStore store;
  private final TrainingOptions options;
  private final PromotionGate gate;
  private final ArtifactWriter writer;
  private final ServingEncoder serving;
  private final int threads;
  private final TrainingDevice device;
  private @Nullable BertEncoder encoder;

  Bench(
      BaseModel base,
      ArtifactStore store,
      TrainingOptions options,
      int minHoldout,
      int threads,
      TrainingDevice device) {
    this.base = base;
    this.store = store;
    this.options = options.within(base.config()).on(device);
    this.gate = new PromotionGate(minHoldout);
    this.writer = new ArtifactWriter(base);
    this.serving =
        new ServingEncoder(base, threads, Precision.FP32, options.lora(base.config().layers()));
    this.threads = threads;
    this.device = device;
  }

  BaseModel base() {
    return base;
  }

  ArtifactStore store() {
    return store;
  }

  TrainingOptions options() {
    return options;
  }

  PromotionGate gate() {
    return gate;
  }

  ArtifactWriter writer() {
    return writer;
  }

  ServingEncoder serving() {
    return serving;
  }

  BertEncoder encoder() {
    if (encoder == null) {
      TorchRuntime.threads(threads);
      encoder = new BertEncoder(base, device, options.arithmetic());
    }
    return encoder;
  }

  @Override
  public void close() {
    serving.close();
    if (encoder != null) {
      encoder.close();
      encoder = null;
    }
  }
}
