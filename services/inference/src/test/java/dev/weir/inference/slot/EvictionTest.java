package dev.weir.inference.slot;

import static dev.weir.inference.slot.TestingAdapters.crown;
import static dev.weir.inference.slot.TestingAdapters.loaded;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.weir.contract.release.AdapterId;
import dev.weir.inference.slot.ServingAdapter.Residence;
import dev.weir.model.spec.LinearModule;
import dev.weir.model.spec.Precision;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class EvictionTest {

  private static final int[][] ROW = {{1, 0, 2}};
  private static final List<String> LABELS = List.of("negative", "positive");

  private final TestingSlotTable.Opener opener = new TestingSlotTable.Opener();
  private final TestingWeights weights = new TestingWeights();
  private AdapterRegistry registry;

  @BeforeEach
  void open() {
    registry =
        TestingAdapters.registry(
            opener, new SlotPolicy(2, 3, Set.of("pinned"), Duration.ofMinutes(1)), weights);
  }

  @AfterEach
  void noMisuse() {
    assertThat(registry.lostSlots()).as("slots that nobody has").isZero();
    registry.close();
    assertThat(opener.violations()).isEmpty();
    assertThat(opener.opened()).isNotEmpty().allMatch(TestingSlotTable::closed);
  }

  @Test
  void leastRecentlyUsedGoesWhenSlotsAreAtTheirLimit() throws Exception {
    serve("a", 1);
    serve("b", 2);
    serve("c", 3);
    assertThat(registry.state().layout().slots()).isEqualTo(3);
    use("a");
    use("c");
    serve("d", 4);

    assertThat(residences("a", "b", "c", "d"))
        .containsExactly(Residence.LOADED, Residence.EVICTED, Residence.LOADED, Residence.LOADED);
    assertThat(registry.state().adapters()).hasSize(4);
    try (Lease lease = TestingAdapters.lease(registry, "b", "d")) {
      assertThat(lease.adapter("b")).isNull();
      assertThat(lease.state().adapter("b")).isPresent();
      assertThat(lease.adapter("d")).isNotNull();
    }

    page("b");
    assertThat(residences("a", "b", "c", "d"))
        .containsExactly(Residence.EVICTED, Residence.LOADED, Residence.LOADED, Residence.LOADED);
    assertThat(use("b")).isEqualTo(0.02f);
    assertThat(weights.read).containsExactly("b@2");
  }

  @Test
  void pagingWhatIsLoadedOrGoneReadsNothing() throws Exception {
    serve("a", 1);
    page("a");
    registry.page(new AdapterId("never", 1)).get();
    assertThat(weights.read).isEmpty();
  }

  @Test
  void pinnedAdapterKeepsItsSlot() throws Exception {
    serve("pinned", 9);
    for (int i = 1; i <= 8; i++) {
      serve("other" + i, i);
    }
    assertThat(residences("pinned")).containsExactly(Residence.LOADED);
    assertThat(registry.state().adapter("pinned").orElseThrow().pinned()).isTrue();
    assertThat(use("pinned")).isEqualTo(0.09f);
  }

  @Test
  void whatHasNoCopyOnDiskIsNotEvicted() {
    for (String name : List.of("a", "b", "c")) {
      crown(registry, loaded(name, 1, LABELS));
    }
    assertThatThrownBy(() -> crown(registry, loaded("d", 1, LABELS)))
        .isInstanceOf(LoadException.class)
        .hasMessageContaining("d@1")
        .hasMessageContaining("WEIR_SERVE_MAX_SLOTS");
    assertThat(residences("a", "b", "c")).containsOnly(Residence.LOADED);
  }

  @Test
  void whatIsWaitedForIsNotEvictedAndTheNextOneWaitsItsTurn() throws Exception {
    Hold[] holds = new Hold[3];
    for (int i = 0; i < 3; i++) {
      serve("held" + i, i + 1);
      holds[i] = registry.state().adapter("held" + i).orElseThrow().hold();
    }
    CompletableFuture<Void> fourth = CompletableFuture.runAsync(() -> serve("d", 4));
    assertThat(residences("held0", "held1", "held2")).containsOnly(Residence.LOADED);
    assertThat(fourth).isNotDone();
    holds[1].close();
    holds[1].close();
    fourth.get(30, TimeUnit.SECONDS);
    assertThat(residences("held0", "held1", "held2", "d"))
        .containsExactly(Residence.LOADED, Residence.EVICTED, Residence.LOADED, Residence.LOADED);
  }

  @Test
  void slotOfAVersionThatIsRunningIsRewrittenOnlyAfterTheRun() throws Exception {
    serve("a", 1);
    serve("b", 2);
    serve("c", 3);
    Lease lease = TestingAdapters.lease(registry, "a", "b", "c");
    CompletableFuture<Void> fourth = CompletableFuture.runAsync(() -> serve("d", 4));
    Awaitility.await().until(() -> residences("a", "b", "c").toList().contains(Residence.EVICTED));
    for (String name : List.of("a", "b", "c")) {
      assertThat(lease.run(ROW, List.of(lease.adapter(name)))[0][0])
          .isEqualTo(lease.adapter(name).id().version() / 100f);
    }
    assertThat(registry.state().adapter("d")).isEmpty();
    lease.close();
    fourth.get(30, TimeUnit.SECONDS);
    assertThat(use("d")).isEqualTo(0.04f);
  }

  @Test
  void damagedCopyIsFetchedFromTheStoreWithoutHoldingUpOthers() throws Exception {
    for (int i = 1; i <= 5; i++) {
      serve("a" + i, i);
    }
    CountDownLatch storeAnswers = new CountDownLatch(1);
    weights.lost.add("digest-1");
    weights.store.put("digest-1", loaded("a1", 1, LABELS));
    weights.onFetch = version -> awaitQuietly(storeAnswers);
    CompletableFuture<Void> damaged = registry.page(new AdapterId("a1", 1));
    page("a2");
    assertThat(damaged).isNotDone();
    storeAnswers.countDown();
    damaged.get(30, TimeUnit.SECONDS);
    assertThat(residences("a1", "a2")).containsOnly(Residence.LOADED);
  }

  @Test
  void versionThatCannotBeLoadedIsReportedAndNotTriedForAWhile() {
    for (int i = 1; i <= 4; i++) {
      serve("a" + i, i);
    }
    weights.lost.add("digest-1");
    AdapterId id = new AdapterId("a1", 1);
    assertThatThrownBy(() -> registry.page(id).get(30, TimeUnit.SECONDS))
        .isInstanceOf(ExecutionException.class)
        .hasMessageContaining("not in the store");
    assertThat(registry.pageFailures().get(id).reason()).isEqualTo("artifact-missing");
    assertThat(registry.pageFailures().get(id).digest()).isEqualTo("digest-1");
    assertThat(registry.page(id)).isCompletedExceptionally();
    assertThat(weights.read).hasSize(1);
    assertThat(residences("a1")).containsExactly(Residence.EVICTED);
  }

  @Test
  void textsWaitOnlySoLongForAStoreThatHangs() {
    SlotPolicy policy = new SlotPolicy(2, 2, Set.of(), Duration.ofMillis(20));
    CountDownLatch never = new CountDownLatch(1);
    weights.onFetch = version -> awaitQuietly(never);
    try (AdapterRegistry impatient = TestingAdapters.registry(opener, policy, weights)) {
      for (int i = 1; i <= 3; i++) {
        LoadedAdapter adapter = loaded("a" + i, i, LABELS);
        weights.disk.put(adapter.digest(), adapter);
        crown(impatient, adapter);
      }
      weights.lost.add("digest-1");
      AdapterId id = new AdapterId("a1", 1);
      assertThatThrownBy(() -> impatient.page(id).get(30, TimeUnit.SECONDS))
          .hasCauseInstanceOf(TimeoutException.class);
      assertThat(impatient.pageFailures().get(id).reason()).isEqualTo("load-timeout");
      assertThat(impatient.page(id)).isCompletedExceptionally();
    }
  }

  @Test
  void memoryThatIsRefusedForMoreSlotsMeansEvictionNotFailure() throws Exception {
    opener.refuseBeyond = 2;
    serve("a", 1);
    serve("b", 2);
    serve("c", 3);
    assertThat(registry.state().layout().slots()).isEqualTo(2);
    assertThat(registry.mostSlots()).isEqualTo(2);
    assertThat(residences("a", "b", "c"))
        .containsExactly(Residence.EVICTED, Residence.LOADED, Residence.LOADED);
  }

  @Test
  void largerRankThatLeavesRoomForFewerSlotsEvictsTheOldest() throws Exception {
    serve("a", 1);
    serve("b", 2);
    serve("c", 3);
    use("a");
    opener.mostSlots = 2;
    crown(registry, TestingAdapters.lora("wide", 4, 64, LinearModule.QUERY));
    assertThat(registry.state().layout().slots()).isEqualTo(2);
    assertThat(residences("a", "b", "c", "wide"))
        .containsExactly(Residence.LOADED, Residence.EVICTED, Residence.EVICTED, Residence.LOADED);
    assertThat(use("a")).isEqualTo(0.01f);
  }

  @Test
  void clockThatIsSetBackKeepsNoEvictedAdapterFromBeingLoaded() throws Exception {
    AtomicReference<Instant> now = new AtomicReference<>(Instant.parse("2026-01-01T12:00:00Z"));
    registry.close();
    registry =
        TestingAdapters.registry(
            opener,
            new SlotPolicy(2, 3, Set.of("pinned"), Duration.ofMinutes(1)),
            weights,
            new SettableClock(now));
    for (int version = 1; version <= 4; version++) {
      serve("adapter-" + version, version);
    }
    assertThat(residences("adapter-1")).containsExactly(Residence.EVICTED);
    weights.lost.add("digest-1");
    assertThatThrownBy(() -> page("adapter-1")).hasMessageContaining("not in the store");
    weights.lost.clear();
    now.set(now.get().minus(Duration.ofHours(1)));

    // A second, by the clock that nobody sets.
    await()
        .atMost(Duration.ofSeconds(30))
        .ignoreExceptions()
        .until(
            () -> {
              page("adapter-1");
              return true;
            });
    assertThat(residences("adapter-1")).containsExactly(Residence.LOADED);
  }

  private static final class SettableClock extends Clock {

    private final AtomicReference<Instant> now;

    SettableClock(AtomicReference<Instant> now) {
      this.now = now;
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }

    @Override
    public Instant instant() {
      return now.get();
    }
  }

  @Test
  void batchOfTwoPrecisionsRunsEachInItsOwnSession() throws Exception {
    crown(registry, loaded("exact", 1, LABELS, Precision.FP32));
    crown(registry, loaded("fast", 2, LABELS, Precision.INT8));
    crown(registry, loaded("exact2", 3, LABELS, Precision.FP32));
    TestingSlotTable table = opener.opened().get(opener.opened().size() - 1);
    assertThat(table.precisions()).containsExactlyInAnyOrder(Precision.FP32, Precision.INT8);
    assertThat(registry.state().precisions()).hasSize(2);
    int before = table.ran().size();
    try (Lease lease = TestingAdapters.lease(registry, "exact", "fast", "exact2")) {
      float[][] logits =
          lease.run(
              new int[][] {ROW[0], ROW[0], ROW[0], ROW[0]},
              Stream.of("fast", "exact", "exact2", "fast").map(lease::adapter).toList());
      assertThat(Stream.of(logits).map(row -> row[0]).toList())
          .containsExactly(0.02f, 0.01f, 0.03f, 0.02f);
    }
    assertThat(table.ran().subList(before, table.ran().size()))
        .containsExactly(Precision.INT8, Precision.FP32);
  }

  private void serve(String name, int version) {
    LoadedAdapter adapter = loaded(name, version, LABELS);
    weights.disk.put(adapter.digest(), adapter);
    crown(registry, adapter);
  }

  private void page(String name) throws Exception {
    registry.page(registry.state().adapter(name).orElseThrow().id()).get(30, TimeUnit.SECONDS);
  }

  private float use(String name) {
    try (Lease lease = TestingAdapters.lease(registry, name)) {
      return lease.run(ROW, List.of(lease.adapter(name)))[0][0];
    }
  }

  private Stream<Residence> residences(String... names) {
    return Stream.of(names).map(name -> registry.state().adapter(name).orElseThrow().residence());
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
