package dev.weir.curation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.curation.StallDetector.Position;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

/** A position that nobody gets past is told from a quiet partition and from a slow one. */
class StallDetectorTest {

  private static final TopicPartition PARTITION = new TopicPartition("feedback", 3);
  private final StallDetector detector =
      new StallDetector(Duration.ofSeconds(60), TopicPartition::partition);
  private Instant now = Instant.EPOCH;

  @Test
  void namesTheRecordThatNobodyGetsPast() {
    assertThat(look(17, 18)).isEmpty();
    pass(30);
    assertThat(look(17, 40)).isEmpty();
    pass(30);
    assertThat(look(17, 50)).containsOnlyKeys("feedback-3@17");
    pass(5);
    assertThat(look(18, 60)).isEmpty();
  }

  @Test
  void aQuietPartitionIsNotStalled() {
    look(17, 17);
    pass(600);
    assertThat(look(17, 17)).isEmpty();
    // A marker of a transaction, which no record follows.
    look(17, 18);
    pass(600);
    assertThat(look(18, 18)).isEmpty();
  }

  @Test
  void aSlowPartitionIsNotStalled() {
    for (int i = 0; i < 20; i++) {
      assertThat(look(i, 1000L * i)).isEmpty();
      pass(59);
    }
  }

  @Test
  void aPartitionThatWasQuietForLongIsNotStalledByTheFirstRecordsThatWait() {
    look(17, 17);
    pass(600);
    assertThat(look(17, 18)).isEmpty();
    pass(5);
    assertThat(look(17, 4000)).isEmpty();
    pass(50);
    assertThat(look(17, 5000)).isEmpty();
    pass(5);
    assertThat(look(17, 5000)).containsOnlyKeys("feedback-3@17");
  }

  @Test
  void aPartitionThatWaitsForOthersOfItsTaskIsNotStalled() {
    TopicPartition flooded = new TopicPartition("feedback", 3);
    TopicPartition waiting = new TopicPartition("reviews", 3);
    TopicPartition ofOthers = new TopicPartition("reviews", 2);
    for (int i = 0; i < 20; i++) {
      Map<TopicPartition, Position> positions =
          Map.of(
              flooded, new Position(1000L * i, 600_000),
              waiting, new Position(5, 6 + i),
              ofOthers, new Position(5, 6 + i));
      Map<String, Duration> stalled = detector.look(positions, now);
      assertThat(stalled).doesNotContainKeys("reviews-3@5", "feedback-3@" + 1000L * i);
      if (i > 12) {
        assertThat(stalled).containsOnlyKeys("reviews-2@5");
      }
      pass(5);
    }
    // The flood is over, and nobody gets past the other one.
    for (int i = 0; i < 20; i++) {
      detector.look(
          Map.of(flooded, new Position(600_000, 600_000), waiting, new Position(5, 30 + i)), now);
      pass(5);
    }
    assertThat(
            detector.look(
                Map.of(flooded, new Position(600_000, 600_000), waiting, new Position(5, 60)), now))
        .containsOnlyKeys("reviews-3@5");
  }

  private void pass(int seconds) {
    now = now.plusSeconds(seconds);
  }

  private Map<String, Duration> look(long committed, long end) {
    return detector.look(Map.of(PARTITION, new Position(committed, end)), now);
  }
}
