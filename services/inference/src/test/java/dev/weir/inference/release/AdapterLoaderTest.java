package dev.weir.inference.release;

import static dev.weir.inference.TestingArtifacts.champion;
import static dev.weir.inference.TestingArtifacts.publish;
import static dev.weir.inference.TestingArtifacts.release;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.contract.event.EventJson;
import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.AdapterRecord;
import dev.weir.contract.release.Champion;
import dev.weir.contract.release.Release;
import dev.weir.inference.TestingArtifacts;
import dev.weir.inference.device.PrecisionChoice;
import dev.weir.inference.slot.AdapterRegistry;
import dev.weir.inference.slot.LoadException;
import dev.weir.inference.slot.LoadFailure;
import dev.weir.inference.slot.ServingAdapter;
import dev.weir.inference.slot.TestingAdapters;
import dev.weir.inference.slot.TestingSlotTable;
import dev.weir.inference.slot.WantedVersion;
import dev.weir.model.base.BaseModel;
import dev.weir.service.ops.Metrics;
import dev.weir.store.artifact.FileArtifactStore;
import dev.weir.testing.TestingBaseModel;
import io.micrometer.core.instrument.Counter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AdapterLoaderTest {

  private static final AdapterId ONE = new AdapterId("default", 1);
  private static final AdapterId TWO = new AdapterId("default", 2);

  @TempDir static Path shared;
  private static BaseModel base;

  @TempDir Path root;
  private final TestingSlotTable.Opener opener = new TestingSlotTable.Opener();
  private final Metrics metrics = new Metrics();
  private TestingStore store;
  private AdapterRegistry registry;
  private AdapterLoader loader;

  @BeforeAll
  static void load() {
    base = BaseModel.load(TestingBaseModel.write(shared.resolve("base"), 1).toString());
  }

  @AfterAll
  static void unload() {
    base.close();
  }

  @BeforeEach
  void open() {
    store = new TestingStore(new FileArtifactStore(root));
    registry = TestingAdapters.registry(opener, 4);
    loader =
        new AdapterLoader(
            TestingAdapters.reader(store, base, root.resolve("local")),
            registry,
            metrics.registry(),
            Clock.systemUTC());
  }

  @AfterEach
  void close() {
    store.slow.countDown();
    loader.close();
    assertThat(registry.lostSlots()).isZero();
    registry.close();
    metrics.close();
    assertThat(opener.violations()).isEmpty();
  }

  @Test
  void loadsTheChampion() {
    String digest = publish(store, base, ONE, "positive");
    want(0, ONE, digest);
    await().until(() -> serving("default") == 1);
    ServingAdapter adapter = registry.state().adapter("default").orElseThrow();
    assertThat(adapter.digest()).isEqualTo(digest);
    assertThat(adapter.labels()).isEqualTo(TestingArtifacts.LABELS);
    assertThat(adapter.limit()).isEqualTo(TestingArtifacts.LIMIT);
    await().until(loader::settled);
    assertThat(loader.failures()).isEmpty();
  }

  @Test
  void keepsServingChampionWhenChallengerChecksumFails() throws Exception {
    want(0, ONE, publish(store, base, ONE, "positive"));
    await().until(() -> serving("default") == 1);
    String digest = publish(store, base, TWO, "negative");
    Files.writeString(
        root.resolve("default/2/adapter_model.safetensors"), "x", StandardOpenOption.APPEND);
    want(1, TWO, digest);
    await().until(() -> loader.failures().containsKey(TWO));

    assertThat(serving("default")).isEqualTo(1);
    LoadFailure failure = loader.failures().get(TWO);
    assertThat(failure.version()).isEqualTo(2);
    assertThat(failure.reason()).isEqualTo("checksum-mismatch");
    assertThat(failure.message()).contains("default@2", "adapter_model.safetensors");
    assertThat(failure.retryAt()).isNull();
    assertThat(
            metrics
                .registry()
                .get("weir.inference.loads")
                .tags("result", "failed", "reason", "checksum-mismatch")
                .counter()
                .count())
        .isEqualTo(1);
  }

  @Test
  void nextChampionClearsTheFailure() {
    want(0, ONE, "no such artifact");
    await().until(() -> loader.failures().containsKey(ONE));
    assertThat(loader.failures().get(ONE).reason()).isEqualTo("artifact-missing");
    want(1, TWO, publish(store, base, TWO, "negative"));
    await().until(() -> serving("default") == 2 && loader.failures().isEmpty());
  }

  /** What broke in service is shown as long as it is wanted, and no longer. */
  @Test
  void nextChampionClearsTheFailureOfOneThatBrokeInService() {
    want(0, ONE, publish(store, base, ONE, "positive"));
    await().until(() -> serving("default") == 1);
    want(1, TWO, publish(store, base, TWO, "negative"));
    await().until(() -> serving("default") == 2 && loader.settled());
    ServingAdapter two = registry.state().version(TWO).orElseThrow();
    assertThat(registry.fallBack(two, new LoadException("broken", "it broke"), () -> true))
        .isTrue();
    assertThat(serving("default")).isEqualTo(1);
    assertThat(loader.failure(TWO).orElseThrow().reason()).isEqualTo("broken");
    AdapterId three = new AdapterId("default", 3);
    want(2, three, publish(store, base, three, "positive"));
    await().until(() -> serving("default") == 3 && loader.settled());
    assertThat(loader.failures()).isEmpty();
  }

  @Test
  void refusesAnAdapterOfAnotherBase() {
    String digest =
        publish(store, base, "ab".repeat(32), ONE, TestingArtifacts.weights(base, "positive"));
    loader.want(
        "default",
        Wanted.champion(TestingAdapters.at(0), WantedVersion.of(champion(ONE, digest), null)));
    await().until(() -> loader.failures().containsKey(ONE));
    assertThat(loader.failures().get(ONE).reason()).isEqualTo("base-mismatch");
    assertThat(loader.failures().get(ONE).message())
        .contains("default@1", "abab", base.digest(), "WEIR_BASE_MODEL");
    assertThat(registry.state().adapters()).isEmpty();
  }

  @Test
  void triesAgainWhileTheStoreIsAway() {
    String digest = publish(store, base, ONE, "positive");
    store.failures.set(1);
    want(0, ONE, digest);
    await().until(() -> loader.failures().containsKey(ONE));
    assertThat(loader.failures().get(ONE).reason()).isEqualTo("store-io");
    assertThat(loader.failures().get(ONE).retryAt()).isNotNull();
    await().until(() -> serving("default") == 1 && loader.failures().isEmpty());
  }

  @Test
  void slowAdapterHoldsUpNoOther() {
    AdapterId other = new AdapterId("other", 1);
    store.slowAdapter = "default";
    want(0, ONE, publish(store, base, ONE, "positive"));
    want(1, other, publish(store, base, other, "positive"));
    await().until(() -> serving("other") == 1);
    assertThat(loader.settled()).isFalse();
    assertThat(serving("default")).isZero();
  }

  @Test
  void newestRecordWinsAndOlderOnesNeverComeBack() {
    AdapterId three = new AdapterId("default", 3);
    String one = publish(store, base, ONE, "positive");
    String two = publish(store, base, TWO, "positive");
    String newest = publish(store, base, three, "positive");
    store.slowAdapter = "default";
    want(5, ONE, one);
    want(6, three, newest);
    want(7, TWO, two); // A rollback: the newest record, not the highest version.
    store.slow.countDown();
    await().until(() -> serving("default") == 2);
    want(6, three, newest);
    await().until(loader::settled);
    assertThat(serving("default")).isEqualTo(2);
  }

  @Test
  void versionsBesideTheChampionComeAndGoWithTheirRecord() {
    WantedVersion one = version(ONE, publish(store, base, ONE, "positive"));
    WantedVersion two = version(TWO, publish(store, base, TWO, "negative"));
    loader.want("default", new Wanted(TestingAdapters.at(0), one, List.of(two)));
    await().until(() -> registry.state().version(TWO).isPresent());
    assertThat(serving("default")).isEqualTo(1);

    store.failures.set(100); // Promoting what is in service needs no store.
    loader.want("default", new Wanted(TestingAdapters.at(1), two, List.of()));
    await().until(() -> serving("default") == 2);
    assertThat(registry.state().version(ONE)).isEmpty();
    await().until(loader::settled);
    assertThat(loader.failures()).isEmpty();
  }

  @Test
  void championAnswersForAPinnedVersionThatCannotBeLoadedAfterARestart() {
    WantedVersion pinned = version(ONE, "no such artifact");
    WantedVersion champion = version(TWO, publish(store, base, TWO, "negative"));
    loader.want(
        "default", new Wanted(TestingAdapters.at(0), pinned, List.of()).insteadOfNone(champion));
    await().until(loader::settled);
    assertThat(serving("default")).isEqualTo(2);
    assertThat(loader.failures()).containsOnlyKeys(ONE);
    assertThat(metrics.registry().get("weir.inference.versions.failing").gauge().value()).isOne();
    assertThat(
            metrics
                .registry()
                .get("weir.inference.adapter.version")
                .tag("adapter", "default")
                .gauge()
                .value())
        .isEqualTo(2);
  }

  @Test
  void pinnedVersionTakesOverFromTheChampionOnceItCanBeLoaded() {
    WantedVersion pinned = version(ONE, publish(store, base, ONE, "positive"));
    WantedVersion champion = version(TWO, publish(store, base, TWO, "negative"));
    store.failures.set(1);
    loader.want(
        "default", new Wanted(TestingAdapters.at(0), pinned, List.of()).insteadOfNone(champion));
    await().until(() -> registry.state().version(TWO).isPresent());
    await().until(() -> serving("default") == 1);
    assertThat(registry.state().version(TWO)).as("the substitute").isEmpty();
    await().until(() -> loader.failures().isEmpty());
  }

  @Test
  void pinnedVersionThatCanBeLoadedIsTheOnlyOne() {
    WantedVersion pinned = version(ONE, publish(store, base, ONE, "positive"));
    WantedVersion champion = version(TWO, publish(store, base, TWO, "negative"));
    loader.want(
        "default", new Wanted(TestingAdapters.at(0), pinned, List.of()).insteadOfNone(champion));
    await().until(loader::settled);
    assertThat(serving("default")).isEqualTo(1);
    assertThat(registry.state().versions()).hasSize(1);
  }

  @Test
  void whatServesStaysWhereThePinnedVersionCannotBeLoaded() {
    AdapterId three = new AdapterId("default", 3);
    want(0, ONE, publish(store, base, ONE, "positive"));
    await().until(() -> serving("default") == 1);
    WantedVersion pinned = version(three, "no such artifact");
    WantedVersion champion = version(TWO, publish(store, base, TWO, "negative"));
    loader.want(
        "default", new Wanted(TestingAdapters.at(1), pinned, List.of()).insteadOfNone(champion));
    await().until(() -> loader.failures().containsKey(three));
    await().until(loader::settled);
    assertThat(serving("default")).isEqualTo(1);
  }

  @Test
  void versionThatCannotBeLoadedHoldsUpNoOtherOfItsAdapter() {
    WantedVersion one = version(ONE, "no such artifact");
    WantedVersion two = version(TWO, publish(store, base, TWO, "negative"));
    loader.want("default", new Wanted(TestingAdapters.at(0), one, List.of(two)));
    await().until(() -> registry.state().version(TWO).isPresent());
    assertThat(serving("default")).isZero();
    assertThat(loader.failures()).containsOnlyKeys(ONE);
  }

  @Test
  void ofReleasesInQuickSuccessionTheNewestRecordWinsOnEveryReplica() {
    int versions = 12;
    List<WantedVersion> all =
        IntStream.rangeClosed(1, versions)
            .mapToObj(v -> new AdapterId("default", v))
            .map(id -> version(id, publish(store, base, id, "positive")))
            .toList();
    AdapterRegistry other = TestingAdapters.registry(opener, 4);
    try (AdapterLoader replica =
        new AdapterLoader(
            TestingAdapters.reader(store, base, root.resolve("replica")),
            other,
            metrics.registry(),
            Clock.systemUTC())) {
      int last = 0;
      for (int offset = 0; offset < 60; offset++) {
        WantedVersion next = all.get((offset * 7) % versions); // Up and down, as rollbacks go.
        loader.want("default", Wanted.champion(TestingAdapters.at(offset), next));
        replica.want("default", Wanted.champion(TestingAdapters.at(offset), next));
        last = next.id().version();
      }
      await().until(() -> loader.settled() && replica.settled());
      assertThat(serving("default")).isEqualTo(last);
      assertThat(other.state().adapter("default").orElseThrow().id().version()).isEqualTo(last);
      assertThat(registry.state().versions()).hasSize(1);
      assertThat(other.state().versions()).hasSize(1);
    } finally {
      other.close();
    }
  }

  @Test
  void listenersAreToldOfSuccessAndFailure() {
    List<String> heard = new CopyOnWriteArrayList<>();
    loader.listen(
        new AdapterListener() {
          @Override
          public void inService(AdapterId id, String digest, Duration took) {
            heard.add(id + " " + digest);
          }

          @Override
          public void failed(AdapterId id, LoadFailure failure) {
            heard.add(id + " " + failure.reason());
          }
        });
    String digest = publish(store, base, ONE, "positive");
    want(0, ONE, digest);
    await().until(loader::settled);
    want(1, TWO, "no such artifact");
    await().until(loader::settled);
    assertThat(heard).containsExactly("default@1 " + digest, "default@2 artifact-missing");
  }

  @Test
  void listenerThatThrowsFreezesNothing() {
    loader.listen(
        new AdapterListener() {
          @Override
          public void inService(AdapterId id, String digest, Duration took) {
            throw new IllegalStateException("broken");
          }

          @Override
          public void failed(AdapterId id, LoadFailure failure) {
            throw new IllegalStateException("broken");
          }
        });
    want(0, ONE, "no such artifact");
    await().until(loader::settled);
    assertThat(loader.failures().get(ONE).reason()).isEqualTo("artifact-missing");
    want(1, TWO, publish(store, base, TWO, "negative"));
    await().until(() -> serving("default") == 2 && loader.settled());
    loader.want("default", Wanted.champion(TestingAdapters.at(2), null));
    await().until(() -> serving("default") == 0);
    assertThat(internalErrors()).isEqualTo(2);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0001-01-01T00:00:00Z",
        "-999999999-01-01T00:00:00Z",
        "+999999999-12-31T23:59:59Z",
        "1970-01-01T00:00:00Z"
      })
  void releaseOfAnyTimeIsServedAndWithdrawn(String lastFeedbackAt) {
    Release release =
        timed(
            release(base, ONE, publish(store, base, ONE, "positive")),
            Instant.parse(lastFeedbackAt),
            Instant.now().plusSeconds(60));
    WantedVersion version = WantedVersion.of(champion(ONE, release.digest()), release);
    loader.want("default", Wanted.champion(TestingAdapters.at(0), version));
    await().until(() -> serving("default") == 1 && loader.settled());
    loader.want("default", Wanted.champion(TestingAdapters.at(1), null));
    await().until(() -> serving("default") == 0 && loader.settled());
    assertThat(internalErrors()).isZero();
  }

  private static Release timed(Release release, Instant lastFeedbackAt, Instant createdAt) {
    return new Release(
        release.adapter(),
        release.version(),
        release.state(),
        release.method(),
        release.digest(),
        release.baseModel(),
        release.baseDigest(),
        release.labels(),
        release.batchId(),
        release.decision(),
        release.trainingExamples(),
        release.trainingSeconds(),
        lastFeedbackAt,
        release.batchClosedAt(),
        createdAt,
        release.precisions());
  }

  @Test
  void defectInALoadIsAFailureAndIsTriedAgain() {
    String digest = publish(store, base, ONE, "positive");
    store.defects.set(1);
    want(0, ONE, digest);
    await().until(() -> loader.failures().containsKey(ONE));
    assertThat(loader.failures().get(ONE).reason()).isEqualTo("internal-error");
    assertThat(loader.failures().get(ONE).retryAt()).isNotNull();
    await().until(() -> serving("default") == 1 && loader.failures().isEmpty());
    await().until(loader::settled);
  }

  @Test
  void withdrawalsOfWhatNeverServedLeaveNothingBehind() {
    for (int i = 0; i < 10_000; i++) {
      loader.want("gone-" + i, Wanted.champion(TestingAdapters.at(i), null));
    }
    want(20_000, ONE, publish(store, base, ONE, "positive"));
    await().until(() -> serving("default") == 1 && loader.settled());
    assertThat(loader.tasks()).isEqualTo(1);
    loader.want("default", Wanted.champion(TestingAdapters.at(20_001), null));
    await().until(() -> serving("default") == 0 && loader.tasks() == 0);
  }

  private double internalErrors() {
    return metrics.registry().find("weir.inference.internal.errors").counters().stream()
        .mapToDouble(Counter::count)
        .sum();
  }

  @Test
  void whatWasReadOnceNeedsNoStoreAfterARestart() {
    String digest = publish(store, base, ONE, "positive");
    want(0, ONE, digest);
    await().until(() -> serving("default") == 1);
    store.failures.set(Integer.MAX_VALUE);

    LocalCopies copies = TestingAdapters.copies(root.resolve("local"));
    copies.open(Set::of);
    ArtifactReader reader =
        TestingAdapters.reader(store, base, copies, new PrecisionChoice(null, true), "");
    assertThat(reader.read(version(ONE, digest)).digest()).isEqualTo(digest);
  }

  @Test
  void versionThatServedBeforeServesAgainWithoutStoreAndDisk() throws Exception {
    String first = publish(store, base, ONE, "positive");
    String second = publish(store, base, TWO, "negative");
    want(0, ONE, first);
    await().until(() -> serving("default") == 1);
    want(1, TWO, second);
    await().until(() -> serving("default") == 2);
    await().until(loader::settled);
    store.failures.set(Integer.MAX_VALUE);
    Files.move(root.resolve("local"), root.resolve("away"));

    want(2, ONE, first);
    await().until(() -> serving("default") == 1);
    want(3, TWO, second);
    await().until(() -> serving("default") == 2);
    await().until(loader::settled);
    assertThat(loader.failures()).isEmpty();
  }

  @Test
  void tombstoneTakesTheAdapterOutOfService() {
    AnnouncedAdapters announced = new AnnouncedAdapters(new ServingPlans(metrics.registry()));
    String digest = publish(store, base, ONE, "positive");
    Release release = release(base, ONE, digest);
    say(announced, 0, AdapterRecord.key(release), EventJson.write(release));
    Champion champion = champion(ONE, digest);
    say(announced, 1, AdapterRecord.key(champion), EventJson.write(champion));
    await().until(() -> serving("default") == 1);
    await().until(() -> shown("weir.inference.adapter.version") == 1);
    assertThat(shown("weir.inference.adapter.feedback.timestamp")).isEqualTo(1);
    say(announced, 2, AdapterRecord.key(champion), null);
    await().until(() -> serving("default") == 0);
    await().until(() -> shown("weir.inference.adapter.version") == 0);
    assertThat(shown("weir.inference.adapter.feedback.timestamp")).isZero();
  }

  /** As the watcher does it with each record. */
  private void say(AnnouncedAdapters announced, long offset, byte[] key, byte @Nullable [] value) {
    announced
        .take(new ConsumerRecord<>("adapters", 0, offset, key, value))
        .ifPresent(
            adapter -> loader.want(adapter, announced.wanted(adapter, TestingAdapters.at(offset))));
  }

  private int shown(String gauge) {
    return metrics.registry().find(gauge).gauges().size();
  }

  private void want(long offset, AdapterId id, String digest) {
    loader.want(id.adapter(), Wanted.champion(TestingAdapters.at(offset), version(id, digest)));
  }

  private static WantedVersion version(AdapterId id, String digest) {
    return WantedVersion.of(champion(id, digest), release(base, id, digest));
  }

  private int serving(String adapter) {
    return registry.state().adapter(adapter).map(at -> at.id().version()).orElse(0);
  }
}
