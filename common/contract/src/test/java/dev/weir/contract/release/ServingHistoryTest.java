package dev.weir.contract.release;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.contract.event.EventJson;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ServingHistoryTest {

  private final ServingHistory history = new ServingHistory();

  @Test
  void aChampionsRecordSaysWhatServedBeforeItWhateverWasReadUntilThen() {
    crowned(9, null);
    crowned(2, List.of(5, 3, 1));

    assertThat(history.before("default", 2)).containsExactly(5, 3, 1);
    assertThat(history.before("other", 2)).isEmpty();
  }

  @Test
  void recordsThatDoNotSayItAreTakenInTheirOrder() {
    for (int version : new int[] {1, 3, 5, 2}) {
      crowned(version, null);
    }

    assertThat(history.before("default", 2)).containsExactly(5, 3, 1);
  }

  @Test
  void releasesTellOfChampionsThatWereCompactedAway() {
    released(1, Release.State.PROMOTED, null);
    released(2, Release.State.RETAINED, null);
    released(3, Release.State.PROMOTED, null);
    released(4, Release.State.PROMOTED, 3);
    released(5, Release.State.PROMOTED, null);
    crowned(5, null);

    assertThat(history.before("default", 5)).containsExactly(3, 1);
  }

  @Test
  void whatServedIsBeforeTheVersionThatIsPromoted() {
    crowned(5, List.of(3, 2, 1));

    assertThat(history.afterPromotion("default", 5, 2)).containsExactly(5, 3, 1);
    assertThat(history.afterPromotion("default", 5, 6)).containsExactly(5, 3, 2, 1);
    assertThat(history.afterPromotion("other", null, 1)).isEmpty();
  }

  @Test
  void aRollbackForgetsWhatItLeftBehind() {
    crowned(2, List.of(5, 3, 1));

    assertThat(history.afterRollback("default", 2, 5)).containsExactly(3, 1);
    assertThat(history.afterRollback("default", 2, 3)).containsExactly(1);
    assertThat(history.afterRollback("default", 2, 4)).containsExactly(5, 3, 1);
  }

  /** A trainer that did not see the pin in time: its champion stands first and never served. */
  @Test
  void aChampionBehindAPinDidNotServe() {
    crowned(3, List.of(1));

    assertThat(history.before("default", 1)).isEmpty();
    assertThat(history.afterPromotion("default", 1, 4)).containsExactly(1);
    assertThat(history.before("default", 3)).containsExactly(1);
  }

  @Test
  void isBounded() {
    IntStream.rangeClosed(1, 200).forEach(version -> crowned(version, null));

    List<Integer> after = history.afterPromotion("default", 200, 201);

    assertThat(after).hasSize(50).startsWith(200, 199).endsWith(151);
  }

  @Test
  void championsOfEarlierVersionsAreRead() {
    byte[] json =
        "{\"adapter\":\"default\",\"version\":3,\"digest\":\"d\",\"since\":\"2026-01-01T00:00:00Z\"}"
            .getBytes(UTF_8);

    Champion read = EventJson.read(json, Champion.class);

    assertThat(read.servedBefore()).isNull();
    assertThat(new String(EventJson.write(read), UTF_8)).doesNotContain("servedBefore");
    Champion after = read.after(List.of(2, 1));
    assertThat(EventJson.read(EventJson.write(after), Champion.class)).isEqualTo(after);
  }

  private void crowned(int version, @Nullable List<Integer> before) {
    history.take(
        new AdapterRecord.Crowned(
            new Champion("default", version, "digest", Instant.EPOCH, before)));
  }

  private void released(int version, Release.State state, @Nullable Integer heldBy) {
    Decision decision = new Decision("code", "", 0, 0, 0, 0, null, null, null, 0, 0, 1);
    history.take(
        new AdapterRecord.Released(
            new Release(
                "default",
                version,
                state,
                Method.LORA,
                "digest",
                "base",
                "base-digest",
                List.of("a", "b"),
                "batch-" + version,
                decision,
                1,
                1,
                Instant.EPOCH,
                Instant.EPOCH,
                Instant.EPOCH,
                List.of(),
                heldBy)));
  }
}
