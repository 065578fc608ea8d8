package dev.weir.trainer.build;

import dev.weir.model.base.BaseModel;
import dev.weir.model.spec.Precision;
import dev.weir.store.artifact.ArtifactStore;
import dev.weir.trainer.config.TrainerConfig;
import dev.weir.trainer.encoder.BertEncoder;
import dev.weir.trainer.evaluate.PromotionGate;
import dev.weir.trainer.export.ArtifactWriter;
import dev.weir.trainer.fit.TrainingOptions;
import dev.weir.trainer.serving.Checkpoint;
import dev.weir.trainer.serving.ServingEncoder;
import dev.weir.trainer.torch.TorchRuntime;
import dev.weir.trainer.torch.TrainingDevice;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The tools that adapters are made and judged with: encoders, gate, store.
 *
 * <p>Encoders open at their first use. Owned by the fitting thread, which closes it; the base and
 * the store are not its own.
 */
public final class Bench implements AutoCloseable {

  private final BaseModel base;
  private final ArtifactStore store;
  private final TrainingOptions options;
  private final PromotionGate gate;
  private final ArtifactWriter writer;
  private final ServingEncoder serving;
  private final List<ServingEncoder> others;
  private final int threads;
  private final TrainingDevice device;
  private @Nullable BertEncoder encoder;

  /** Tools over parts that the caller closes. */
  public Bench(BaseModel base, ArtifactStore store, TrainerConfig config, TrainingDevice device) {
    this.base = base;
    this.store = store;
    this.options = config.options().within(base.config()).on(device);
    this.gate = new PromotionGate(config.minHoldout(), config.maxForgetting());
    this.writer = new ArtifactWriter(base);
    this.threads = config.threads();
    this.device = device;
    this.serving = serving(Precision.FP32);
    this.others =
        config.precisions().stream()
            .filter(precision -> precision != Precision.FP32)
            .map(this::serving)
            .toList();
  }

  private ServingEncoder serving(Precision precision) {
    return new ServingEncoder(base, threads, precision, options.lora(base.config().layers()));
  }

  /** The frozen encoder. */
  public BaseModel base() {
    return base;
  }

  /** Where artifacts go. */
  public ArtifactStore store() {
    return store;
  }

  /** The hyperparameters. */
  public TrainingOptions options() {
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

  /** Encoders of the precisions that are judged beside 32-bit floats. */
  List<ServingEncoder> others() {
    return others;
  }

  /** What to do after each batch of texts and iteration of a probe; it may call the work off. */
  public void checkpoint(Checkpoint checkpoint) {
    serving.checkpoint(checkpoint);
    others.forEach(other -> other.checkpoint(checkpoint));
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
    others.forEach(ServingEncoder::close);
    if (encoder != null) {
      encoder.close();
      encoder = null;
    }
  }
}
