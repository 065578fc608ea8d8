package dev.weir.contract.release;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

class AdapterLedgerTest {

  private final AdapterLedger ledger = AdapterLedger.unbounded();

  @Test
  void aChampionThatIsWithdrawnIsNoChampionAndServedAllTheSame() {
    assertThat(ledger.put(crowned(2), 100)).contains("default");
    assertThat(ledger.put(crowned(3), 100)).contains("default");
    assertThat(ledger.champion("default").version()).isEqualTo(3);

    assertThat(ledger.remove(key("default"))).contains("default");

    assertThat(ledger.champion("default")).isNull();
    assertThat(ledger.champions()).isEmpty();
    assertThat(ledger.history().before("default", 3)).containsExactly(2);
    assertThat(ledger.remove(key("default"))).as("a second time").isEmpty();
  }

  @Test
  void aPlanThatIsWithdrawnWantsNothing() {
    ServingPlan.Pin pin = new ServingPlan.Pin(1, "digest", null);
    ledger.put(new AdapterRecord.Planned(ServingPlan.none("default").withPinned(pin)), 100);
    assertThat(ledger.plan("default").pinned()).isEqualTo(pin);

    assertThat(ledger.remove(key("default#plan"))).contains("default");

    assertThat(ledger.plan("default").pinned()).isNull();
    assertThat(ledger.plans()).isEmpty();
  }

  @Test
  void aReleaseThatIsWithdrawnIsGoneAndChangesNothingThatServes() {
    ledger.put(released(1), 100);
    ledger.put(released(2), 100);
    assertThat(ledger.put(crowned(2), 100)).contains("default");

    assertThat(ledger.remove(key("default@1"))).isEmpty();

    assertThat(ledger.releases()).extracting(Release::version).containsExactly(2);
    assertThat(ledger.release("default", 1)).isNull();
    assertThat(ledger.champion("default").version()).isEqualTo(2);
    assertThat(ledger.remove(key("default@2"))).isEmpty();
    assertThat(ledger.released()).isEmpty();
    assertThat(ledger.knows("default")).as("its champion is there").isTrue();
  }

  @ParameterizedTest
  @NullSource
  @ValueSource(strings = {"", "@", "default@x", "default@99999999999", "../../x", "#plan"})
  void aTombstoneOfNoRecordIsRefused(@Nullable String name) {
    ledger.put(crowned(2), 100);
    assertThatThrownBy(() -> ledger.remove(name == null ? null : key(name)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(ledger.champion("default").version()).isEqualTo(2);
  }

  @Test
  void whatIsWithdrawnMakesRoom() {
    AdapterLedger small = new AdapterLedger(adapter -> false, 2_000);
    small.put(released(1), 1_000);
    assertThatThrownBy(() -> small.put(released(2), 1_000))
        .isInstanceOfSatisfying(
            AdapterLedger.Refused.class,
            refused -> assertThat(refused.reason()).isEqualTo("too-many-records"));

    small.remove(key("default@1"));
    small.put(released(2), 1_000);

    assertThat(small.releases()).extracting(Release::version).containsExactly(2);
  }

  /** A release that is not taken in is a decision that a trainer would make again and again. */
  @Test
  void aLedgerWithoutBoundsTakesReleasesOfMoreAdaptersThanAReplicaServes() {
    for (int i = 0; i <= AdapterLedger.MOST_ADAPTERS; i++) {
      ledger.put(released("adapter-" + i, 1), 1_000);
    }
    assertThat(ledger.released()).hasSize(AdapterLedger.MOST_ADAPTERS + 1);
  }

  private static byte[] key(String name) {
    return name.getBytes(UTF_8);
  }

  private static AdapterRecord crowned(int version) {
    return new AdapterRecord.Crowned(
        new Champion("default", version, "digest" + version, Instant.EPOCH));
  }

  private static AdapterRecord released(int version) {
    return released("default", version);
  }

  private static AdapterRecord released(String adapter, int version) {
    return new AdapterRecord.Released(
        new Release(
            adapter,
            version,
            Release.State.RETAINED,
            Method.HEAD_REFRESH,
            null,
            "base",
            "base-digest",
            List.of("negative", "positive"),
            "batch",
            new Decision("no-better", "no better", 100, .9, .9, .3, null, null, null, 0, 0, 1),
            10,
            1.5,
            Instant.EPOCH,
            Instant.EPOCH,
            Instant.EPOCH,
            List.of()));
  }
}
