package dev.weir.curation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.contract.event.Example;
import dev.weir.contract.event.Split;
import dev.weir.contract.event.TrainingBatch;
import dev.weir.contract.event.TrainingBatch.CloseReason;
import dev.weir.contract.event.TrainingBatch.InputRange;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Batches close by count, by age in silence, and when live accuracy drops. */
class BatchTest {

  @Test
  void closesByCount() {
    try (TestingCuration curation = TestingCuration.with("CURATION_BATCH_SIZE", "3")) {
      for (int i = 0; i < 7; i++) {
        curation.labeled("text " + i, i % 2 == 0 ? "positive" : "negative");
      }

      assertThat(curation.batches())
          .extracting(TrainingBatch::id)
          .containsExactly("default-000001", "default-000002");
      assertThat(curation.batchRecords().get(0).key()).isEqualTo("default");
      TrainingBatch batch = curation.batches().get(1);
      assertThat(batch.closedBy()).isEqualTo(CloseReason.COUNT);
      assertThat(batch.sequence()).isEqualTo(2);
      assertThat(batch.size()).isEqualTo(3);
      assertThat(batch.labels()).containsExactly("negative", "positive");
      assertThat(batch.input()).containsExactly(new InputRange("feedback", 0, 3, 5));
      assertThat(total(batch)).isEqualTo(3);
      assertThat(curation.count("weir.curation.batches", "reason", "count")).isEqualTo(2);
    }
  }

  @Test
  void closesByAgeInSilence() {
    try (TestingCuration curation = TestingCuration.with("CURATION_BATCH_MIN", "2")) {
      curation.labeled("one", "positive");
      curation.advance(Duration.ofMinutes(1));
      curation.labeled("two", "negative");
      curation.advance(Duration.ofMinutes(4).minusSeconds(1));
      assertThat(curation.batches()).isEmpty();

      curation.advance(Duration.ofSeconds(1));

      TrainingBatch batch = curation.batches().get(0);
      assertThat(batch.closedBy()).isEqualTo(CloseReason.AGE);
      assertThat(batch.size()).isEqualTo(2);
      assertThat(batch.openedAt()).isEqualTo(TestingCuration.START);
      assertThat(batch.closedAt()).isEqualTo(curation.now());
      assertThat(batch.firstFeedbackAt()).isEqualTo(TestingCuration.START);
      assertThat(batch.lastFeedbackAt())
          .isEqualTo(TestingCuration.START.plus(Duration.ofMinutes(1)));
    }
  }

  @Test
  void waitsForTheMinimumAndClosesAsSoonAsItIsThere() {
    try (TestingCuration curation = TestingCuration.with("CURATION_BATCH_MIN", "2")) {
      curation.labeled("one", "positive");
      curation.advance(Duration.ofHours(1));
      assertThat(curation.batches()).isEmpty();

      curation.labeled("two", "positive");

      assertThat(curation.batches()).extracting(TrainingBatch::size).containsExactly(2);
    }
  }

  @Test
  void emptyBatchNeverCloses() {
    try (TestingCuration curation =
        TestingCuration.with("CURATION_BATCH_SIZE", "1", "CURATION_BATCH_MIN", "1")) {
      curation.labeled("one", "positive");
      curation.advance(Duration.ofHours(1));

      assertThat(curation.batches()).hasSize(1);
    }
  }

  @Test
  void adaptersHaveBatchesOfTheirOwn() {
    try (TestingCuration curation =
        TestingCuration.with("ADAPTERS", "*=negative,positive", "CURATION_BATCH_SIZE", "2")) {
      for (String adapter : List.of("a", "b", "a", "b")) {
        curation.feedback(
            "{\"text\":\"%s\",\"label\":\"positive\",\"adapter\":\"%s\"}"
                .formatted("text " + curation.examples().size(), adapter));
      }

      assertThat(curation.batches())
          .extracting(TrainingBatch::id)
          .containsExactly("a-000001", "b-000001");
    }
  }

  @Test
  void liveAccuracyIsShownPerVersionAndClosesABatchWhenItDrops() {
    try (TestingCuration curation =
        TestingCuration.with(
            "CURATION_BATCH_SIZE", "1000",
            "CURATION_BATCH_MIN", "10",
            "CURATION_ACCURACY_FLOOR", "0.8")) {
      for (int i = 0; i < 50; i++) {
        curation.review("r" + i, "text " + i);
        curation.served("r" + i, "default", 7, "positive");
        String verdict = i < 25 ? "agree" : "disagree";
        curation.feedback("{\"reviewId\":\"r%d\",\"verdict\":\"%s\"}".formatted(i, verdict));
      }

      assertThat(gauge(curation, 7)).isEqualTo(0.5);
      assertThat(curation.batches())
          .extracting(TrainingBatch::closedBy)
          .containsExactly(CloseReason.ACCURACY_DROP);
      assertThat(curation.batches().get(0).size()).isEqualTo(50);
    }
  }

  @Test
  void liveAccuracyRemembersTheLastVersionsOnly() {
    try (TestingCuration curation = TestingCuration.with()) {
      for (int version = 1; version <= 4; version++) {
        curation.review("r" + version, "text " + version);
        curation.served("r" + version, "default", version, "positive");
        curation.feedback("{\"reviewId\":\"r%d\",\"label\":\"positive\"}".formatted(version));
      }

      assertThat(curation.registry.find("weir.curation.live.accuracy").gauges()).hasSize(3);
      assertThat(gauge(curation, 4)).isEqualTo(1);
    }
  }

  @Test
  void everyExampleCarriesTheIdOfItsBatch() {
    try (TestingCuration curation = TestingCuration.with("CURATION_BATCH_SIZE", "2")) {
      for (int i = 0; i < 4; i++) {
        curation.labeled("text " + i, "positive");
      }

      assertThat(curation.examples())
          .extracting(Example::batchId)
          .containsExactly("default-000001", "default-000001", "default-000002", "default-000002");
    }
  }

  @Test
  void anAdaptersFirstBatchWaitsUntilItCanBeTrainedAndJudged() {
    try (TestingCuration curation =
        TestingCuration.with(
            "CURATION_BATCH_SIZE", "4",
            "CURATION_BATCH_MIN", "1",
            "CURATION_FIRST_TRAIN", "16",
            "CURATION_FIRST_HOLDOUT", "10")) {
      for (int i = 0; curation.batches().isEmpty(); i++) {
        curation.labeled("text " + i, "positive");
        assertThat(curation.examples()).hasSizeLessThan(200);
      }

      Map<Split, Map<String, Integer>> counts = curation.batches().get(0).counts();
      assertThat(counts.get(Split.TRAIN).get("positive")).isGreaterThanOrEqualTo(16);
      assertThat(counts.get(Split.HOLDOUT).get("positive")).isGreaterThanOrEqualTo(10);
      for (int i = 0; i < 4; i++) {
        curation.labeled("later " + i, "positive");
      }
      assertThat(curation.batches()).hasSize(2);
    }
  }

  @Test
  void saysWhatTheOpenBatchLacks() {
    try (TestingCuration curation =
        TestingCuration.with("CURATION_FIRST_TRAIN", "16", "CURATION_FIRST_HOLDOUT", "10")) {
      for (int i = 0; i < 5; i++) {
        curation.labeled("text " + i, "positive");
      }

      assertThat(missing(curation, "examples")).isEqualTo(64 - 5);
      assertThat(missing(curation, "train") + missing(curation, "holdout")).isEqualTo(26 - 5);
    }
  }

  @Test
  void numbersGoOnFromTheTopicWhenTheStateIsLost() {
    try (TestingCuration curation =
        TestingCuration.with(
            Map.of(), adapter -> adapter.equals("default") ? 41 : 0, "CURATION_BATCH_SIZE", "1")) {
      curation.labeled("one", "positive");
      curation.labeled("two", "positive");

      assertThat(curation.batches())
          .extracting(TrainingBatch::id)
          .containsExactly("default-000042", "default-000043");
    }
  }

  private static double missing(TestingCuration curation, String of) {
    return curation
        .registry
        .get("weir.curation.batch.missing")
        .tags("adapter", "default", "of", of)
        .gauge()
        .value();
  }

  private static int total(TrainingBatch batch) {
    return batch.counts().values().stream()
        .map(Map::values)
        .flatMap(counts -> counts.stream())
        .mapToInt(Integer::intValue)
        .sum();
  }

  private static double gauge(TestingCuration curation, int version) {
    return curation
        .registry
        .get("weir.curation.live.accuracy")
        .tags("adapter", "default", "version", Integer.toString(version))
        .gauge()
        .value();
  }
}
