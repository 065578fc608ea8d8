package dev.weir.curation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.contract.event.Example;
import dev.weir.contract.topic.DeadLetter;
import java.time.Duration;
import org.apache.kafka.streams.test.TestRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clocks that disagree: no record is dated ahead of now, whatever its producer's clock says. */
class ClockTest {

  private static final long YEAR_MS = 365L * 24 * 3_600_000;
  private static final long START_MS = TestingCuration.START.toEpochMilli();

  @ParameterizedTest
  @ValueSource(longs = {-YEAR_MS, -3_600_000, 0, 1, 3_600_000, YEAR_MS, Long.MAX_VALUE / 2})
  void everythingThatIsWrittenIsDatedUpToNow(long aheadMs) {
    try (TestingCuration curation = TestingCuration.with("CURATION_BATCH_SIZE", "2")) {
      curation.labeledAt("one", "positive", START_MS + aheadMs);
      curation.labeledAt("two", "no such label", START_MS + aheadMs);
      curation.labeledAt("three", "negative", START_MS + aheadMs);

      assertThat(curation.examples()).extracting(Example::text).containsExactly("one", "three");
      assertThat(curation.exampleRecords())
          .allSatisfy(record -> assertThat(record.timestamp()).isBetween(0L, START_MS));
      assertThat(curation.batchRecords())
          .singleElement()
          .satisfies(record -> assertThat(record.timestamp()).isEqualTo(START_MS));
      assertThat(curation.examples())
          .allSatisfy(
              example -> assertThat(example.feedbackAt()).isBeforeOrEqualTo(TestingCuration.START));
      TestRecord<byte[], byte[]> letter = curation.deadLetters().get(0);
      assertThat(letter.timestamp()).isEqualTo(START_MS);
      assertThat(TestingCuration.header(letter, DeadLetter.TIMESTAMP))
          .isEqualTo(Long.toString(START_MS + aheadMs));
      assertThat(letter.headers().lastHeader("weir.recorded")).isNull();
    }
  }

  @Test
  void feedbackThatWaitsKeepsItsOwnTimeAndItsExampleIsDatedUpToNow() {
    try (TestingCuration curation = TestingCuration.with()) {
      curation.feedbackAt("{\"reviewId\":\"r\",\"label\":\"positive\"}", START_MS + YEAR_MS);
      curation.feedbackAt("{\"reviewId\":\"s\",\"label\":\"positive\"}", START_MS + YEAR_MS);
      curation.review("r", "fine");
      curation.advance(Duration.ofMinutes(11));

      assertThat(curation.exampleRecords())
          .singleElement()
          .satisfies(record -> assertThat(record.timestamp()).isEqualTo(START_MS));
      assertThat(TestingCuration.header(curation.deadLetters().get(0), DeadLetter.TIMESTAMP))
          .isEqualTo(Long.toString(START_MS + YEAR_MS));
    }
  }

  @Test
  void aClockThatGoesBackAnHourStopsNothing() {
    try (TestingCuration curation = TestingCuration.with("CURATION_BATCH_SIZE", "2")) {
      curation.labeled("one", "positive");
      curation.clockJumps(Duration.ofHours(-1));
      curation.labeled("two", "negative");
      curation.clockJumps(Duration.ofHours(2));
      curation.labeled("three", "negative");
      curation.labeled("four", "negative");

      assertThat(curation.examples()).hasSize(4);
      assertThat(curation.batches()).hasSize(2);
      assertThat(curation.deadLetters()).isEmpty();
    }
  }
}
