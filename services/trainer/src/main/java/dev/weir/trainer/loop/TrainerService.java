package dev.weir.trainer.loop;

import dev.weir.contract.topic.Installation;
import dev.weir.model.base.BaseModel;
import dev.weir.service.ops.CommonMeters;
import dev.weir.service.ops.Health;
import dev.weir.service.ops.Health.Status;
import dev.weir.service.ops.Metrics;
import dev.weir.service.trace.Tracing;
import dev.weir.store.artifact.ArtifactStore;
import dev.weir.store.artifact.StoreException;
import dev.weir.store.signing.SignedStore;
import dev.weir.trainer.build.Bench;
import dev.weir.trainer.config.TrainerConfig;
import dev.weir.trainer.meter.TrainerMetrics;
import dev.weir.trainer.publish.StoreClaim;
import dev.weir.trainer.torch.TrainingDevice;
import java.time.Clock;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns closed batches into better adapters: trains, judges, and announces.
 *
 * <p>Start and close are idempotent; closing calls a training off between two steps, and the batch
 * is taken up again after the next start. The base model is the caller's, who closes it after this.
 */
public final class TrainerService implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(TrainerService.class);

  /** What commits take that are under way at an orderly end. */
  private static final Duration ORDERLY = Duration.ofSeconds(15);

  private static final Duration DRAIN = Duration.ofSeconds(60);

  private final TrainerConfig config;
  private final BaseModel base;
  private final Health health;
  private final ArtifactStore store;
  private final TrainerState state;
  private final TrainerMetrics meters;
  private final Tracing tracing;
  private final StoreClaim claim;
  private final Pulse pulse;
  private final BrokerWatch broker;
  private final TrainingLoop loop;
  private final ExecutorService fitting =
      Executors.newSingleThreadExecutor(task -> new Thread(task, "trainer-fit"));
  private volatile @Nullable TrainingDevice device;
  private @Nullable Thread thread;
  private boolean closed;

  /** A trainer that keeps its artifacts in the configured store. */
  public TrainerService(TrainerConfig config, Metrics metrics, Health health, BaseModel base) {
    this(config, metrics, health, base, config.store().open());
  }

  TrainerService(
      TrainerConfig config, Metrics metrics, Health health, BaseModel base, ArtifactStore store) {
    this.config = config;
    this.base = base;
    this.health = health;
    this.store = new SignedStore(store, config.signer(), config.trust());
    this.state = new TrainerState(health);
    this.meters = new TrainerMetrics(metrics.registry(), config.catalog());
    this.tracing = metrics.tracing();
    this.claim =
        new StoreClaim(
            config.kafka(),
            config.topics(),
            this.store,
            config.store().address(),
            metrics.registry());
    this.pulse = new Pulse(config.stalledAfter(), System::nanoTime);
    this.broker = new BrokerWatch(config.kafka(), config.topics().trainingBatches());
    this.loop =
        new TrainingLoop(
            config, this.store, state, fitting, this::newTrainer, meters, broker, pulse, tracing);
  }

  private BatchTrainer newTrainer() {
    TrainingDevice found = Objects.requireNonNull(device, "not started");
    return new BatchTrainer(
        config,
        new Bench(base, store, config, found),
        state,
        meters,
        claim,
        pulse,
        tracing,
        Clock.systemUTC());
  }

  /**
   * Finds the device and starts the loop.
   *
   * @throws dev.weir.model.device.DeviceException if a GPU is asked for and cannot be used
   * @throws StoreException {@link StoreClaim#NOT_OURS} if the store is another installation's
   */
  public synchronized void start() {
    if (thread == null && !closed) {
      TrainingDevice found = TrainingDevice.choose(config.options().device());
      LOG.info("training on {}, PyTorch {}", found.detail(), found.engineVersion());
      health.register("trainer-device", () -> new Status.Up(found.detail()));
      meters.device(found);
      CommonMeters.disk(meters.registry(), "store", config.store().localDirectory());
      device = found;
      if (claimed()) {
        sweep();
      }
      health.register("trainer-broker", broker::status);
      health.register("trainer-progress", pulse::status);
      broker.start();
      thread = new Thread(loop, "trainer-loop");
      thread.start();
    }
  }

  /** Store or broker may be away at the start: then the claim is made before the first training. */
  private boolean claimed() {
    try {
      Installation ours = claim.ensure();
      LOG.info("the adapter store at {} is that of {}", config.store().address(), ours);
      return true;
    } catch (KafkaException e) {
      LOG.warn("the adapter store is not claimed yet: {}", e.getMessage());
      return false;
    } catch (StoreException e) {
      if (!e.reason().equals("store-io")) {
        throw e;
      }
      LOG.warn("the adapter store is not claimed yet: {}", e.getMessage());
      return false;
    }
  }

  /** A process that died while it exported may have filled the disk with what nobody needs. */
  private void sweep() {
    try {
      int removed = store.sweep();
      if (removed > 0) {
        LOG.info("removed {} unfinished artifacts of processes that died", removed);
      }
    } catch (StoreException e) {
      LOG.warn("unfinished artifacts of processes that died stay: {}", e.getMessage());
    }
  }

  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    loop.stop();
    try {
      if (thread != null) {
        thread.join(ORDERLY.toMillis());
        loop.wake();
        thread.join(DRAIN.toMillis());
      }
      if (thread != null && thread.isAlive()) {
        LOG.warn("the training loop did not end within {}", DRAIN);
      }
      Future<?> released = fitting.submit(loop::closeTrainer);
      fitting.shutdown();
      if (!fitting.awaitTermination(DRAIN.toSeconds(), TimeUnit.SECONDS)) {
        LOG.warn("a training did not end within {}; its native memory is not freed", DRAIN);
        released.cancel(true);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    broker.close();
    store.close();
    state.down("closed");
  }
}
