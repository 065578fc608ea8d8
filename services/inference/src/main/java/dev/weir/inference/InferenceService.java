package dev.weir.inference;

import dev.weir.inference.control.AdapterControl;
import dev.weir.inference.device.ServingDevice;
import dev.weir.inference.feed.Feeds;
import dev.weir.inference.http.HttpApi;
import dev.weir.inference.http.admin.AdaptersView;
import dev.weir.inference.meter.InferenceMeters;
import dev.weir.inference.publish.FeedbackPublisher;
import dev.weir.inference.release.AdapterLoader;
import dev.weir.inference.release.AdapterWatcher;
import dev.weir.inference.release.AnnouncedAdapters;
import dev.weir.inference.release.ArtifactReader;
import dev.weir.inference.release.LocalCopies;
import dev.weir.inference.release.ServingPlans;
import dev.weir.inference.release.SkippedAdapterRecords;
import dev.weir.inference.score.Classifier;
import dev.weir.inference.shadow.HttpShadows;
import dev.weir.inference.slot.AdapterRegistry;
import dev.weir.inference.slot.OnnxSlotTable;
import dev.weir.inference.slot.RememberedLayout;
import dev.weir.inference.slot.ServingState;
import dev.weir.inference.slot.SlotTable;
import dev.weir.inference.stream.ReviewStreams;
import dev.weir.inference.stream.StreamConfig;
import dev.weir.model.base.BaseModel;
import dev.weir.service.ops.CommonMeters;
import dev.weir.service.ops.Health;
import dev.weir.service.ops.Health.Status;
import dev.weir.service.ops.Lifecycle;
import dev.weir.service.ops.Metrics;
import dev.weir.store.artifact.ArtifactStore;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Classifies reviews from Kafka and HTTP with the adapters that serve.
 *
 * <p>Threads: {@code adapter-watcher} reads releases, {@code adapter-loader-n} bring them into
 * slots, {@code scorer-n} run the model, {@code review-stream-n} are the Kafka path, one Vert.x
 * event loop with {@code http-worker-n} the HTTP path, {@code feed-<topic>} what clients listen to.
 * {@link #start} and {@link #close} are idempotent; closing answers what was accepted. Base model,
 * store, metrics and health stay their owner's.
 */
public final class InferenceService implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(InferenceService.class);

  /** Run on each new slot before it is published, and to warm the engine up. */
  private static final String PROBE = "The plot is thin, but the cast makes it worth watching.";

  private static final int PROBE_TOKENS = 32;

  /** Proxies close a connection on which nothing comes, mostly after 60 s. */
  private static final Duration HEARTBEAT = Duration.ofSeconds(15);

  private final ServingDevice device;
  private final Health health;
  private final MeterRegistry meters;
  private final Path cacheDirectory;
  private final LocalCopies copies;
  private final AdapterRegistry registry;
  private final Classifier classifier;
  private final AdapterLoader loader;
  private final AdapterWatcher watcher;
  private final FeedbackPublisher feedback;
  private final HttpShadows shadows;
  private final Feeds feeds;
  private final HttpApi http;
  private final ReviewStreams streams;
  private final Lifecycle lifecycle = new Lifecycle();
  private boolean started;

  /**
   * Wires the service; nothing is opened before {@link #start}.
   *
   * @param base the base model; outlives this service
   * @param store where artifacts are; outlives this service
   * @throws dev.weir.model.device.DeviceException if a GPU is asked for and cannot be used
   */
  public InferenceService(
      InferenceConfig config, Metrics metrics, Health health, BaseModel base, ArtifactStore store) {
    this(
        config,
        metrics,
        health,
        base,
        store,
        ServingDevice.choose(config.adapters().device(), config.adapters().precision().forced()));
  }

  private InferenceService(
      InferenceConfig config,
      Metrics metrics,
      Health health,
      BaseModel base,
      ArtifactStore store,
      ServingDevice device) {
    this(
        config,
        metrics,
        health,
        base,
        store,
        device,
        OnnxSlotTable.over(base, config.adapters().slotMemory(), device.device()));
  }

  InferenceService(
      InferenceConfig config,
      Metrics metrics,
      Health health,
      BaseModel base,
      ArtifactStore store,
      ServingDevice device,
      SlotTable.Opener tables) {
    this.device = device;
    this.health = health;
    this.meters = metrics.registry();
    InferenceMeters.atZero(meters);
    config.http().tls().ifPresent(identity -> CommonMeters.certificate(meters, identity));
    this.cacheDirectory = config.adapters().cacheDirectory();
    Clock clock = Clock.systemUTC();
    int[] probe =
        base.tokenizer().encode(PROBE, Math.min(PROBE_TOKENS, base.config().maxPositions()));
    AdapterConfig adapters = config.adapters();
    copies = new LocalCopies(adapters.cacheDirectory(), adapters.cacheBytes(), clock);
    ArtifactReader reader =
        new ArtifactReader(
            store,
            base,
            copies,
            adapters.trust(),
            adapters.precision(),
            adapters.merged(),
            device.device());
    registry =
        new AdapterRegistry(
            tables, adapters.slots(), reader, reader.precision(), probe, meters, clock);
    registry.remember(
        new RememberedLayout(adapters.cacheDirectory(), base.digest(), adapters.slots().initial()));
    ServingPlans plans = new ServingPlans(meters);
    classifier =
        new Classifier(
            registry,
            plans,
            base.tokenizer()::encodeKnown,
            config.catalog(),
            new Classifier.Batching(
                config.workers(),
                config.batchTokens(),
                // A shadow has each review of a poll queued twice.
                Math.max(config.queueTexts(), 2 * config.pollRecords())),
            meters);
    loader = new AdapterLoader(reader, registry, meters, metrics.tracing(), clock);
    AnnouncedAdapters announced =
        new AnnouncedAdapters(
            plans,
            config.catalog().names()::contains,
            new SkippedAdapterRecords(meters, config.topics().adapters()));
    watcher =
        new AdapterWatcher(config.kafka(), config.topics().adapters(), loader, announced, meters);
    feedback = new FeedbackPublisher(config.kafka(), config.topics().feedback(), meters);
    shadows =
        new HttpShadows(
            config.kafka(),
            config.topics().shadowClassifications(),
            classifier,
            base.digest(),
            meters,
            clock);
    feeds = Feeds.of(config.kafka(), config.topics());
    AdaptersView view =
        new AdaptersView(
            registry, loader, announced, config.catalog(), store, base.name(), base.digest());
    AdapterControl control =
        new AdapterControl(
            config.kafka(),
            config.topics(),
            config.catalog(),
            watcher,
            loader,
            announced,
            store,
            base.digest(),
            clock);
    http =
        new HttpApi(
            config.http(),
            new HttpApi.Parts(
                classifier,
                view,
                control,
                config.catalog(),
                feedback,
                shadows,
                feeds,
                health,
                metrics,
                HEARTBEAT,
                base.digest()));
    streams =
        new ReviewStreams(
            new StreamConfig(
                config.kafka(),
                config.topics(),
                config.instanceId(),
                config.delivery(),
                config.streams(),
                config.pollRecords(),
                config.labelRequestMargin(),
                base.digest()),
            classifier,
            watcher::awaitCaughtUp,
            meters,
            metrics.tracing(),
            clock);
  }

  /**
   * Opens the engine, then HTTP, then joins the group of the reviews topic: a process whose port is
   * taken must not take partitions from the one that has it. What was opened is closed again when a
   * later part fails.
   *
   * @throws dev.weir.service.ops.PortInUseException if the port is taken
   * @throws dev.weir.model.spec.ModelException if the base model cannot be opened
   */
  public synchronized void start() {
    if (started) {
      return;
    }
    started = true;
    health.register("inference-engine", this::engine);
    CommonMeters.disk(meters, "serving-cache", cacheDirectory);
    health.register("inference-scorers", classifier::status);
    health.register("inference-champions", this::champions);
    // What needs Kafka only informs: loaded adapters answer over HTTP without it.
    health.inform("inference-adapters", watcher::status);
    health.inform("inference-reviews", streams::status);
    health.inform("inference-feedback", feedback::status);
    health.inform("inference-shadows", shadows::status);
    LOG.info("serving on {}", device.detail());
    try {
      copies.open(registry::digests);
      lifecycle.add("registry", registry).start();
      lifecycle.add("classifier", classifier).start();
      lifecycle.add("adapter loader", loader);
      lifecycle.add("feedback publisher", feedback).start();
      lifecycle.add("http shadows", shadows);
      lifecycle.add("feeds", feeds);
      // Before HTTP: adapters are read and loaded while the server starts.
      lifecycle.add("adapter watcher", watcher).start();
      lifecycle.add("http", http).start();
      lifecycle.add("review streams", streams).start();
    } catch (RuntimeException e) {
      lifecycle.close();
      throw e;
    }
  }

  /** The port that HTTP is served on; only after the start. */
  public int port() {
    return http.port();
  }

  /**
   * Waits until the adapters topic was read to its end and every champion in it was loaded or given
   * up.
   *
   * @return false when the time was up before
   */
  public boolean awaitAdapters(Duration timeout) throws InterruptedException {
    return watcher.awaitCaughtUp(timeout);
  }

  /** Until then an answer could be an abstention for want of an adapter that there is. */
  private Status champions() {
    try {
      return watcher.awaitCaughtUp(Duration.ZERO)
          ? new Status.Up("the adapters topic was read and its champions were loaded or given up")
          : new Status.Down("the adapters topic was not read to its end yet; it needs the broker");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new Status.Down("closing");
    }
  }

  private Status engine() {
    if (!registry.warm()) {
      return new Status.Down("the base model is not open");
    }
    ServingState state = registry.state();
    String merged = state.mergedProviders().isEmpty() ? "" : ", merged: " + state.mergedProviders();
    return new Status.Up(
        "the base model has run: %s%s; on %s"
            .formatted(state.providers(), merged, device.detail()));
  }

  @Override
  public synchronized void close() {
    lifecycle.close();
  }
}
