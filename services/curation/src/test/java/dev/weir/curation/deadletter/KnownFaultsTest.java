package dev.weir.curation.deadletter;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.contract.event.InputPosition;
import dev.weir.contract.topic.DeadLetter;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.junit.jupiter.api.Test;

class KnownFaultsTest {

  /** Else a process that has met so many stands still at the next for ever. */
  @Test
  void theNewestAreKnownHoweverManyThereWere() {
    KnownFaults faults = new KnownFaults();
    for (int i = 0; i <= KnownFaults.MAX; i++) {
      faults.refused(at(i), "refused");
      faults.letterRefused(at(i), "refused");
    }

    assertThat(faults.why(at(KnownFaults.MAX))).isEqualTo("refused");
    assertThat(faults.needsStub(at(KnownFaults.MAX))).isTrue();
    assertThat(faults.why(at(0))).isNull();
  }

  @Test
  void aMessageThatQuotesTheWholeRecordDoesNotMakeTheLetterTooLarge() {
    Original original =
        Original.of(null, "{}".getBytes(UTF_8), new RecordHeaders(), at(1), 1_700_000_000_000L);
    Letter letter = Letter.of(original, "internal-error", "x".repeat(3_000_000), null);

    assertThat(DeadLetter.header(letter.headers(), DeadLetter.MESSAGE).length()).isLessThan(3_000);
  }

  private static InputPosition at(long offset) {
    return new InputPosition("feedback", 0, offset);
  }
}
