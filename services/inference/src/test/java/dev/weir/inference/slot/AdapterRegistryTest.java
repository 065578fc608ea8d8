package dev.weir.inference.slot;

import static dev.weir.inference.slot.TestingAdapters.crown;
import static dev.weir.inference.slot.TestingAdapters.loaded;
import static dev.weir.inference.slot.TestingAdapters.serve;
import static dev.weir.inference.slot.TestingAdapters.serveBeside;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.contract.release.AdapterId;
import dev.weir.inference.UntilStopped;
import dev.weir.model.spec.LinearModule;
import dev.weir.model.spec.ModelException;
import dev.weir.model.spec.Precision;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(60)
class AdapterRegistryTest {

  private static final int[][] ROW = {{1, 0, 2}};
  private static final List<String> LABELS = List.of("negative", "positive");

  private TestingSlotTable.Opener opener;
  private AdapterRegistry registry;

  @BeforeEach
  void open() {
    opener = new TestingSlotTable.Opener();
    registry = TestingAdapters.registry(opener, 2);
  }

  @AfterEach
  void noMisuse() {
    assertThat(registry.lostSlots()).as("slots that nobody has").isZero();
    registry.close();
    assertThat(opener.violations()).isEmpty();
    assertThat(opener.opened()).isNotEmpty().allMatch(TestingSlotTable::closed);
  }

  @Test
  void leasesTheVersionThatServes() {
    serve(registry, "default", 1);
    try (Lease lease = TestingAdapters.lease(registry, "default", "unknown")) {
      assertThat(lease.adapter("default").id().version()).isEqualTo(1);
      assertThat(lease.adapter("unknown")).isNull();
      assertThat(first(lease, lease.adapter("default"))).isEqualTo(0.01f);
    }
  }

  @Test
  void leasedVersionKeepsItsNumbersAfterARelease() {
    serve(registry, "default", 1);
    try (Lease lease = TestingAdapters.lease(registry, "default")) {
      serve(registry, "default", 2);
      assertThat(first(lease, lease.adapter("default"))).isEqualTo(0.01f);
      assertThat(registry.state().adapter("default").orElseThrow().slot())
          .isNotEqualTo(lease.adapter("default").slot());
    }
  }

  @Test
  void releasesReuseTheSlotsThatCameBack() {
    for (int version = 1; version <= 50; version++) {
      serve(registry, "default", version);
    }
    assertThat(opener.opened()).hasSize(1);
    assertThat(registry.state().adapters().keySet()).containsExactly("default");
  }

  @Test
  void growsWhenSlotsLabelsRankOrTargetsDoNotSuffice() {
    serve(registry, "default", 1);
    serve(registry, "other", 1);
    crown(registry, loaded("third", 1, List.of("a", "b", "c")));
    crown(registry, TestingAdapters.lora("fourth", 1, 8, LinearModule.QUERY));
    crown(registry, TestingAdapters.lora("fifth", 1, 4, LinearModule.VALUE));

    assertThat(registry.state().layout().slots()).isGreaterThanOrEqualTo(5);
    assertThat(registry.state().layout().labels()).isEqualTo(3);
    assertThat(registry.state().layout().rank()).isEqualTo(8);
    assertThat(registry.state().layout().targets())
        .containsExactlyInAnyOrder(LinearModule.QUERY, LinearModule.VALUE);
    assertThat(registry.state().adapters()).hasSize(5);
    try (Lease lease = TestingAdapters.lease(registry, "default")) {
      assertThat(first(lease, lease.adapter("default"))).isEqualTo(0.01f);
    }
  }

  @Test
  void outgrownEngineClosesWithItsLastLease() {
    serve(registry, "default", 1);
    TestingSlotTable first = opener.opened().get(0);
    Lease lease = TestingAdapters.lease(registry, "default");
    crown(registry, TestingAdapters.lora("default", 2, 8, LinearModule.QUERY));

    assertThat(first.closed()).isFalse();
    assertThat(first(lease, lease.adapter("default"))).isEqualTo(0.01f);
    lease.close();
    assertThat(first.closed()).isTrue();
  }

  @Test
  void failedProbeKeepsTheChampionAndItsSlots() {
    serve(registry, "default", 1);
    LoadedAdapter bad = loaded("default", 2, List.of("negative", "positive"));
    bad.weights().headBias()[1] = Float.NaN;
    for (int i = 0; i < 5; i++) {
      assertThatThrownBy(() -> registry.put(bad, () -> true))
          .isInstanceOf(LoadException.class)
          .hasMessageContaining("default@2")
          .hasMessageContaining("positive");
    }
    assertThat(registry.state().adapter("default").orElseThrow().id().version()).isEqualTo(1);
    serve(registry, "default", 3);
    assertThat(registry.state().adapter("default").orElseThrow().id().version()).isEqualTo(3);
    assertThat(opener.opened()).hasSize(1);
  }

  /** What can go wrong between taking a slot and owning it. */
  enum Step {
    OPEN,
    WRITE,
    ERROR_IN_WRITE,
    PROBE,
    ERROR_IN_PROBE,
    STILL_WANTED,
    ERROR_IN_STILL_WANTED
  }

  @ParameterizedTest
  @EnumSource
  void noStepThatFailsLosesASlot(Step step) throws Exception {
    serve(registry, "default", 1);
    int slots = registry.state().layout().slots();
    for (int i = 0; i <= slots; i++) {
      LoadedAdapter next = loaded("default", 2 + i, LABELS, Precision.INT8_WEIGHT_ONLY);
      breakAt(step);
      BooleanSupplier stillWanted =
          step == Step.STILL_WANTED ? afterFirst(() -> false) : afterFirst(() -> fail(step));
      if (step == Step.STILL_WANTED) {
        assertThat(registry.put(next, stillWanted)).isFalse();
      } else {
        assertThatThrownBy(() -> registry.put(next, stillWanted)).hasMessageContaining("broken");
      }
      opener.onOpen = precision -> {};
      opener.onWrite = () -> {};
      opener.onRun(tokens -> {});
      assertThat(registry.lostSlots()).isZero();
      assertThat(registry.state().adapter("default").orElseThrow().id().version()).isEqualTo(1);
    }
    serve(registry, "other", 1);
    assertThat(registry.state().adapters()).hasSize(2);
    assertThat(opener.opened()).hasSize(1);
  }

  private void breakAt(Step step) {
    switch (step) {
      case OPEN ->
          opener.onOpen =
              precision -> {
                throw new ModelException("invalid-graph", "broken");
              };
      case WRITE ->
          opener.onWrite =
              () -> {
                throw new IllegalStateException("broken");
              };
      case ERROR_IN_WRITE ->
          opener.onWrite =
              () -> {
                throw new LinkageError("broken");
              };
      case PROBE ->
          opener.onRun(
              tokens -> {
                throw new ModelException("inference-failed", "broken");
              });
      case ERROR_IN_PROBE ->
          opener.onRun(
              tokens -> {
                throw new LinkageError("broken");
              });
      default -> {}
    }
  }

  private static boolean fail(Step step) {
    if (step == Step.ERROR_IN_STILL_WANTED) {
      throw new LinkageError("broken");
    }
    return true;
  }

  /** Asked first before anything is done, and then before publishing. */
  private static BooleanSupplier afterFirst(BooleanSupplier then) {
    AtomicBoolean asked = new AtomicBoolean();
    return () -> !asked.getAndSet(true) || then.getAsBoolean();
  }

  @Test
  void slotThatNobodyGivesBackIsSeen() {
    serve(registry, "default", 1);
    registry.state().engine().takeSlot();
    assertThat(registry.lostSlots()).isEqualTo(1);
    registry.state().engine().giveSlot(1);
  }

  @Test
  void listenerOfStatesThatThrowsLosesNoSlotAndNoChange() {
    registry.listen(
        state -> {
          throw new IllegalStateException("broken");
        });
    for (int version = 1; version <= 5; version++) {
      serve(registry, "default", version);
    }
    assertThat(registry.state().adapter("default").orElseThrow().id().version()).isEqualTo(5);
    assertThat(opener.opened()).hasSize(1);
  }

  @Test
  void nobodyWhoLooksWaitsForASessionThatOpens() throws Exception {
    serve(registry, "default", 1);
    CountDownLatch opening = new CountDownLatch(1);
    CountDownLatch looked = new CountDownLatch(1);
    opener.onOpen =
        precision -> {
          opening.countDown();
          await(looked);
        };
    CompletableFuture<Boolean> loading =
        CompletableFuture.supplyAsync(
            () -> {
              TestingAdapters.put(registry, loaded("other", 1, LABELS, Precision.INT8_WEIGHT_ONLY));
              return true;
            });
    opening.await();
    // All of this would wait for ever if it waited for the session.
    assertThat(registry.state().providers()).doesNotContainKey(Precision.INT8_WEIGHT_ONLY);
    assertThat(registry.state().precisions()).doesNotContain(Precision.INT8_WEIGHT_ONLY);
    serve(registry, "default", 2);
    assertThat(registry.lostSlots()).isZero();
    looked.countDown();
    assertThat(loading.join()).isTrue();
    assertThat(registry.state().precisions()).contains(Precision.INT8_WEIGHT_ONLY);
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void overtakenInstallIsNotPublished() throws Exception {
    serve(registry, "default", 2);
    boolean done = registry.put(loaded("default", 1, List.of("negative", "positive")), () -> false);
    assertThat(done).isFalse();
    assertThat(registry.state().adapter("default").orElseThrow().id().version()).isEqualTo(2);
  }

  @Test
  void severalVersionsOfAnAdapterServeSideBySide() {
    serve(registry, "default", 1);
    serveBeside(registry, "default", 2);
    serveBeside(registry, "default", 3);
    AdapterId two = new AdapterId("default", 2);

    assertThat(registry.state().adapter("default").orElseThrow().id().version()).isEqualTo(1);
    assertThat(registry.state().versions()).hasSize(3);
    try (Lease lease =
        registry.lease(state -> Set.of(two, new AdapterId("default", 3), new AdapterId("x", 1)))) {
      assertThat(lease.adapter("default")).isNull(); // The champion was not asked for.
      assertThat(lease.version(new AdapterId("x", 1))).isNull();
      assertThat(first(lease, lease.version(two))).isEqualTo(0.02f);
    }

    registry.settle("default", two, Set.of(new AdapterId("default", 1)), () -> true);
    assertThat(registry.state().adapter("default").orElseThrow().id()).isEqualTo(two);
    assertThat(registry.state().versions())
        .extracting(version -> version.id().version())
        .containsExactlyInAnyOrder(1, 2);
  }

  @Test
  void versionThatServedLastServesAgainWithoutBeingWrittenOrRun() {
    serve(registry, "default", 1);
    int slot = registry.state().adapter("default").orElseThrow().slot();
    serve(registry, "default", 2);
    int runs = opener.opened().get(0).ran().size();

    assertThat(again("default", 1)).isTrue();

    ServingAdapter back = registry.state().adapter("default").orElseThrow();
    assertThat(back.id().version()).isEqualTo(1);
    assertThat(back.slot()).isEqualTo(slot);
    assertThat(opener.opened().get(0).ran()).hasSize(runs);
    try (Lease lease = TestingAdapters.lease(registry, "default")) {
      assertThat(first(lease, lease.adapter("default"))).isEqualTo(0.01f);
    }
    assertThat(again("default", 2)).isTrue();
  }

  @Test
  void versionThatServedLastIsReadAnewWhenItsRecordSaysOtherwise() {
    serve(registry, "default", 1);
    serve(registry, "default", 2);
    AdapterId one = new AdapterId("default", 1);
    assertThat(registry.reinstate(new WantedVersion(one, "another digest", null), () -> true))
        .isFalse();
    assertThat(registry.reinstate(new WantedVersion(one, "digest-1", null), () -> false)).isFalse();
    assertThat(registry.state().version(one)).isEmpty();
  }

  @Test
  void versionThatServesAgainGivesBackTheSlotOfOtherBytesOfItsNumber() {
    registry.close();
    registry = TestingAdapters.registry(opener, 4);
    serve(registry, "default", 1);
    serve(registry, "default", 2);
    TestingAdapters.put(registry, withDigest(loaded("default", 1, LABELS), "other bytes"));
    assertThat(again("default", 1)).isTrue();
    assertThat(registry.state().adapter("default").orElseThrow().digest()).isEqualTo("digest-1");

    TestingSlotTable table = opener.opened().get(1);
    for (String adapter : List.of("a", "b")) {
      serve(registry, adapter, 1);
    }
    assertThat(again("default", 2)).isTrue(); // Nobody needed its slot.
    assertThat(opener.opened()).last().isSameAs(table);
  }

  private static LoadedAdapter withDigest(LoadedAdapter loaded, String digest) {
    return new LoadedAdapter(
        loaded.id(),
        digest,
        loaded.weights(),
        loaded.limit(),
        loaded.temperature(),
        loaded.precision(),
        loaded.allowed(),
        loaded.merged());
  }

  @Test
  void onlyTheVersionThatServedLastIsKept() {
    serve(registry, "default", 1);
    serve(registry, "default", 2);
    serve(registry, "default", 3);
    assertThat(again("default", 1)).isFalse();
    assertThat(again("default", 2)).isTrue();
  }

  @Test
  void versionThatServedLastGivesUpItsSlotBeforeAnyoneIsEvictedOrTheEngineGrows() {
    serve(registry, "default", 1);
    serve(registry, "default", 2);
    serve(registry, "other", 1);

    assertThat(opener.opened()).hasSize(1);
    assertThat(registry.state().versions())
        .allMatch(version -> version.residence() == ServingAdapter.Residence.LOADED);
    assertThat(again("default", 1)).isFalse();
  }

  @Test
  void slotOfAVersionThatServedLastWaitsForItsLeases() {
    serve(registry, "default", 1);
    Lease lease = TestingAdapters.lease(registry, "default");
    serve(registry, "default", 2);
    CompletableFuture<Void> other = CompletableFuture.runAsync(() -> serve(registry, "other", 1));
    Awaitility.await().until(() -> registry.state().retired().isEmpty());
    assertThat(again("default", 1)).isFalse();
    assertThat(other).isNotDone();
    assertThat(first(lease, lease.adapter("default"))).isEqualTo(0.01f);
    lease.close();
    other.join();
    assertThat(registry.state().adapters().keySet()).containsExactly("default", "other");
  }

  @Test
  void withdrawnAdapterLeavesNothingBehind() {
    serve(registry, "default", 1);
    serve(registry, "default", 2);
    registry.settle("default", null, Set.of(), () -> true);
    assertThat(again("default", 1)).isFalse();
    assertThat(again("default", 2)).isFalse();
  }

  private boolean again(String adapter, int version) {
    AdapterId id = new AdapterId(adapter, version);
    return registry.reinstate(new WantedVersion(id, "digest-" + version, null), () -> true)
        && registry.settle(adapter, id, Set.of(), () -> true);
  }

  @Test
  void championThatIsNotInServiceReplacesNoOther() {
    serve(registry, "default", 1);
    registry.settle("default", new AdapterId("default", 2), Set.of(), () -> true);
    assertThat(registry.state().adapter("default").orElseThrow().id().version()).isEqualTo(1);
  }

  @Test
  void withdrawnAdapterIsGone() {
    serve(registry, "default", 1);
    registry.settle("default", null, Set.of(), () -> true);
    registry.settle("default", null, Set.of(), () -> true);
    assertThat(registry.state().adapters()).isEmpty();
  }

  @Test
  void closedRegistryRefusesLeasesAndLetsTheLastOneFinish() {
    serve(registry, "default", 1);
    Lease lease = TestingAdapters.lease(registry, "default");
    registry.close();
    assertThat(opener.opened().get(0).closed()).isFalse();
    ServingAdapter leased = lease.adapter("default");
    assertThat(first(lease, leased)).isEqualTo(0.01f);
    lease.close();
    assertThatThrownBy(() -> TestingAdapters.lease(registry, "default"))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> lease.run(ROW, List.of(leased)))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void slotsAreNeverRewrittenNorSessionsClosedWhileLeased() throws Exception {
    serve(registry, "a", 1);
    serve(registry, "b", 1);
    UntilStopped scorers = UntilStopped.start(4, scorer -> run());
    for (int version = 2; version <= 600; version++) {
      serve(registry, version % 2 == 0 ? "a" : "b", version);
      if (version % 5 == 0) {
        again(version % 2 == 0 ? "a" : "b", version - 2);
      }
      if (version % 150 == 0) {
        // Each of these opens a larger engine.
        serve(registry, "extra" + version, version);
        serve(registry, "more" + version, version);
      }
    }
    assertThat(scorers.stop()).allSatisfy(runs -> assertThat(runs).isPositive());
  }

  private static float first(Lease lease, ServingAdapter version) {
    return lease.run(ROW, List.of(version))[0][0];
  }

  private void run() {
    try (Lease lease = TestingAdapters.lease(registry, "a", "b")) {
      ServingAdapter asked = lease.adapter(ThreadLocalRandom.current().nextBoolean() ? "a" : "b");
      float bias = first(lease, asked);
      if (Math.round(bias * 100) != asked.id().version()) {
        throw new AssertionError(asked + " answered with " + bias);
      }
    }
  }
}
