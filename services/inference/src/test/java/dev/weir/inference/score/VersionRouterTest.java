package dev.weir.inference.score;

import static dev.weir.inference.slot.TestingAdapters.serve;
import static dev.weir.inference.slot.TestingAdapters.serveBeside;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.ServingPlan;
import dev.weir.inference.release.ServingPlans;
import dev.weir.inference.slot.AdapterRegistry;
import dev.weir.inference.slot.TestingAdapters;
import dev.weir.inference.slot.TestingSlotTable;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VersionRouterTest {

  private static final List<String> REVIEWS =
      IntStream.range(0, 10_000).mapToObj(i -> "review-" + i).toList();

  private final ServingPlans plans = new ServingPlans();
  private final VersionRouter router = new VersionRouter(plans);
  private AdapterRegistry registry;

  @BeforeEach
  void open() {
    registry = TestingAdapters.registry(new TestingSlotTable.Opener(), 4);
    serve(registry, "default", 1);
  }

  @AfterEach
  void close() {
    registry.close();
  }

  @ParameterizedTest
  @ValueSource(doubles = {0.01, 0.1, 0.5, 0.9, 1})
  void aCanaryGetsItsShare(double share) {
    serveBeside(registry, "default", 2);
    canary(2, share);

    double sigma = Math.sqrt(REVIEWS.size() * share * (1 - share));

    assertThat((double) canaried(2).size())
        .isBetween(REVIEWS.size() * share - 4 * sigma, REVIEWS.size() * share + 4 * sigma);
  }

  @Test
  void aLargerShareKeepsTheReviewsOfASmallerOne() {
    serveBeside(registry, "default", 2);
    canary(2, 0.1);
    Set<String> few = canaried(2);
    canary(2, 0.3);

    assertThat(canaried(2)).containsAll(few).hasSizeGreaterThan(2 * few.size());
  }

  @Test
  void anotherCanaryGetsOtherReviews() {
    serveBeside(registry, "default", 2);
    canary(2, 0.5);
    Set<String> first = canaried(2);
    serveBeside(registry, "default", 3);
    canary(3, 0.5);

    Set<String> both = canaried(3);
    both.retainAll(first);

    // Half of a half, were they independent.
    assertThat(both.size()).isBetween(2_200, 2_800);
  }

  @Test
  void aCanaryThatIsNotInServiceLeavesItsReviewsToTheChampion() {
    canary(2, 1);

    assertThat(canaried(1)).hasSize(REVIEWS.size());
  }

  @Test
  void withoutAChampionNobodyAnswers() {
    plans.put(ServingPlan.none("other").withCanary(new ServingPlan.Canary(2, "digest-2", 1)));

    assertThat(router.answering(registry.state(), "other", "r")).isEmpty();
  }

  @Test
  void aShadowNeverAnswers() {
    serveBeside(registry, "default", 2);
    plans.put(ServingPlan.none("default").withShadow(new ServingPlan.Shadow(2, "digest-2")));

    assertThat(canaried(1)).hasSize(REVIEWS.size());
    assertThat(router.shadow(registry.state(), "default").orElseThrow().id().version())
        .isEqualTo(2);
  }

  /** The cut is part of the contract: replicas of different versions must agree on it. */
  @Test
  void theCutIsFixed() {
    assertThat(VersionRouter.position(new AdapterId("default", 2), "review-1"))
        .isEqualTo(0.7465264546575932);
  }

  private void canary(int version, double share) {
    plans.put(
        ServingPlan.none("default")
            .withCanary(new ServingPlan.Canary(version, "digest-" + version, share)));
  }

  private Set<String> canaried(int version) {
    return REVIEWS.stream()
        .filter(
            review ->
                router.answering(registry.state(), "default", review).orElseThrow().id().version()
                    == version)
        .collect(Collectors.toSet());
  }
}
