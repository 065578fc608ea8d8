package dev.weir.inference.http;

import dev.weir.contract.event.AdapterCatalog;
import dev.weir.contract.topic.Topics;
import dev.weir.inference.control.AdapterControl;
import dev.weir.inference.feed.Feeds;
import dev.weir.inference.http.admin.AdaptersView;
import dev.weir.inference.publish.FeedbackPublisher;
import dev.weir.inference.release.AdapterLoader;
import dev.weir.inference.release.AdapterWatcher;
import dev.weir.inference.release.AnnouncedAdapters;
import dev.weir.inference.release.ServingPlans;
import dev.weir.inference.score.Classifier;
import dev.weir.inference.score.TestingTokenizer;
import dev.weir.inference.shadow.HttpShadows;
import dev.weir.inference.slot.AdapterRegistry;
import dev.weir.inference.slot.TestingAdapters;
import dev.weir.inference.slot.TestingSlotTable;
import dev.weir.model.base.BaseModel;
import dev.weir.service.ops.Health;
import dev.weir.service.ops.Metrics;
import dev.weir.store.artifact.FileArtifactStore;
import dev.weir.testing.TestingBaseModel;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;

/** What an {@link HttpApi} shows, with one adapter that serves and no broker. */
public final class TestingParts implements AutoCloseable {

  private final BaseModel base;
  private final AdapterRegistry registry;
  private final Classifier classifier;
  final TestingSlotTable.Opener opener = new TestingSlotTable.Opener();
  public final AnnouncedAdapters announced;
  public final Metrics metrics = new Metrics();
  public final HttpApi.Parts parts;

  public TestingParts(Path directory) {
    this(directory, 1000);
  }

  /**
   * The same.
   *
   * @param queueTexts texts that may wait for a scorer
   */
  public TestingParts(Path directory, int queueTexts) {
    base = BaseModel.load(TestingBaseModel.write(directory.resolve("base"), 1).toString());
    registry = TestingAdapters.registry(opener, 4);
    ServingPlans plans = new ServingPlans();
    announced = TestingAdapters.announced(plans);
    FileArtifactStore store = new FileArtifactStore(directory);
    AdapterLoader loader =
        new AdapterLoader(
            TestingAdapters.reader(store, base, directory),
            registry,
            metrics.registry(),
            Clock.systemUTC());
    classifier =
        new Classifier(
            registry,
            plans,
            new TestingTokenizer(),
            AdapterCatalog.SENTIMENT,
            new Classifier.Batching(2, 512, queueTexts),
            metrics.registry());
    classifier.start();
    TestingAdapters.serve(registry, "default", 1);
    Map<String, Object> nowhere = Map.of("bootstrap.servers", "localhost:1", "max.block.ms", "50");
    AdapterWatcher watcher =
        new AdapterWatcher(nowhere, "adapters", loader, announced, metrics.registry());
    parts =
        new HttpApi.Parts(
            classifier,
            new AdaptersView(
                registry,
                loader,
                announced,
                AdapterCatalog.SENTIMENT,
                store,
                "tiny",
                base.digest()),
            new AdapterControl(
                nowhere,
                Topics.DEFAULT,
                AdapterCatalog.SENTIMENT,
                watcher,
                loader,
                announced,
                store,
                base.digest(),
                Clock.systemUTC()),
            AdapterCatalog.SENTIMENT,
            new FeedbackPublisher(nowhere, "feedback", metrics.registry()),
            new HttpShadows(
                nowhere,
                "shadows",
                classifier,
                base.digest(),
                metrics.registry(),
                Clock.systemUTC()),
            Feeds.of(nowhere, Topics.DEFAULT),
            new Health(),
            metrics,
            Duration.ofSeconds(15),
            base.digest());
  }

  /** The same parts with another publisher of feedback. */
  public HttpApi.Parts with(FeedbackPublisher feedback) {
    return new HttpApi.Parts(
        parts.classifier(),
        parts.adapters(),
        parts.control(),
        parts.catalog(),
        feedback,
        parts.shadows(),
        parts.feeds(),
        parts.health(),
        parts.metrics(),
        parts.heartbeat(),
        parts.baseDigest());
  }

  @Override
  public void close() {
    classifier.close();
    registry.close();
    base.close();
    metrics.close();
  }
}
