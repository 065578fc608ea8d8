package dev.weir.trainer;

import dev.weir.common.model.BaseModel;
import dev.weir.common.ops.Health;
import dev.weir.common.ops.Metrics;
import dev.weir.common.store.ArtifactStore;
import dev.weir.common.store.FileArtifactStore;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
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
  private static final Duration DRAIN = Duration.ofSeconds(60);

  private final ArtifactStore store;
  private final TrainerState state;
  private final TrainingLoop loop;
  private final ExecutorService fitting =
      Executors.newSingleThreadExecutor(task -> new Thread(task, "trainer-fit"));
  private @Nullable Thread thread;
  private boolean closed;

  /** A trainer that keeps its artifacts in the configured directory. */
  public TrainerService(TrainerConfig config, Metrics metrics, Health health, BaseModel base) {
    this(config, metrics, health, base, new FileArtifactStore(config.storeDir()));
  }

  TrainerService(
      TrainerConfig config, Metrics metrics, Health health, BaseModel base, ArtifactStore store) {
    this.store = store;
    this.state = new TrainerState(health);
    TrainerMetrics meters = new TrainerMetrics(metrics.registry());
    this.loop =
        new TrainingLoop(
            config,
            store,
            state,
            fitting,
            () ->
                new BatchTrainer(
                    config, new Bench(base, store, config), state, meters, Clock.systemUTC()));
  }

  /** Starts the loop. */
  public synchronized void start() {
    if (thread == null && !closed) {
      thread = new Thread(loop, "trainer-loop");
      thread.start();
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
    store.close();
    state.down("closed");
  }
}
