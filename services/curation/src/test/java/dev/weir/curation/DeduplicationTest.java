package dev.weir.curation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.contract.event.Example;
import dev.weir.contract.event.Split;
import dev.weir.contract.topic.DeadLetter;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** One label per adapter and text, by the policy for conflicts. */
class DeduplicationTest {

  private static final String AT =
      "{\"text\":\"Great film\",\"label\":\"%s\",\"timestamp\":\"2026-02-01T00:00:%02dZ\"}";

  @Test
  void dropsAndCountsTheSameTextWithTheSameLabel() {
    try (TestingCuration curation = TestingCuration.with()) {
      curation.labeled("Great film!", "positive");
      curation.labeled("<b>great</b>  FILM", "POS");

      assertThat(curation.examples()).hasSize(1);
      assertThat(curation.deadLetters()).isEmpty();
      assertThat(curation.count("weir.curation.duplicates", "kind", "same-label")).isEqualTo(1);
      assertThat(curation.count("weir.curation.accepted")).isEqualTo(1);
    }
  }

  @Test
  void keepsAdaptersApart() {
    try (TestingCuration curation =
        TestingCuration.with("ADAPTERS", "default=negative,positive;other=negative,positive")) {
      curation.labeled("Great film", "positive");
      curation.feedback("{\"text\":\"Great film\",\"label\":\"negative\",\"adapter\":\"other\"}");

      assertThat(curation.examples())
          .extracting(Example::adapter)
          .containsExactly("default", "other");
    }
  }

  @Test
  void laterFeedbackCorrectsUnderTheSameKeyAndOnTheSameSide() {
    try (TestingCuration curation = TestingCuration.with()) {
      curation.feedback(AT.formatted("positive", 1));
      curation.feedback(AT.formatted("negative", 2));

      List<Example> examples = curation.examples();
      assertThat(examples).extracting(Example::label).containsExactly("positive", "negative");
      assertThat(examples).extracting(Example::key).containsOnly(examples.get(0).key());
      assertThat(examples).extracting(Example::split).containsOnly(examples.get(0).split());
      assertThat(curation.count("weir.curation.corrections")).isEqualTo(1);
    }
  }

  @Test
  void earlierFeedbackThatArrivesLateCorrectsNothing() {
    try (TestingCuration curation = TestingCuration.with()) {
      curation.feedback(AT.formatted("positive", 1));
      curation.feedback(AT.formatted("positive", 5));
      curation.feedback(AT.formatted("negative", 3));

      assertThat(curation.examples()).extracting(Example::label).containsExactly("positive");
      assertThat(curation.count("weir.curation.duplicates", "kind", "superseded")).isEqualTo(1);
    }
  }

  @Test
  void quarantineKeepsTheFirstLabel() {
    try (TestingCuration curation = TestingCuration.with("CURATION_CONFLICT", "quarantine")) {
      curation.feedback(AT.formatted("positive", 1));
      curation.feedback(AT.formatted("negative", 2));

      assertThat(curation.examples()).hasSize(1);
      assertThat(TestingCuration.header(curation.deadLetters().get(0), DeadLetter.REASON))
          .isEqualTo("conflict");
      assertThat(
              new String(
                  curation.deadLetters().get(0).value(), java.nio.charset.StandardCharsets.UTF_8))
          .isEqualTo(AT.formatted("negative", 2));
    }
  }

  @Test
  void correctionWithinTheOpenBatchIsCountedOnce() {
    try (TestingCuration curation =
        TestingCuration.with("CURATION_BATCH_SIZE", "2", "CURATION_HOLDOUT_SHARE", "0")) {
      curation.feedback(AT.formatted("positive", 1));
      curation.feedback(AT.formatted("negative", 2));
      assertThat(curation.batches()).isEmpty();
      curation.labeled("another", "negative");

      assertThat(curation.batches()).hasSize(1);
      assertThat(curation.batches().get(0).size()).isEqualTo(2);
      assertThat(curation.batches().get(0).counts().get(Split.TRAIN))
          .containsOnlyKeys("negative")
          .containsEntry("negative", 2);
    }
  }

  @Test
  void correctionOfAClosedBatchJoinsTheOpenOne() {
    try (TestingCuration curation = TestingCuration.with("CURATION_BATCH_SIZE", "1")) {
      curation.feedback(AT.formatted("positive", 1));
      curation.feedback(AT.formatted("negative", 2));

      assertThat(curation.examples())
          .extracting(Example::batchId)
          .containsExactly("default-000001", "default-000002");
      assertThat(curation.batches()).hasSize(2);
    }
  }

  @Test
  void sourceOverItsLimitIsRefusedUntilTheNextMinute() {
    try (TestingCuration curation = TestingCuration.with("CURATION_SOURCE_RATE", "2")) {
      for (int i = 0; i < 3; i++) {
        curation.feedback("{\"text\":\"t" + i + "\",\"label\":\"pos\",\"source\":\"bot\"}");
      }
      curation.labeled("t0", "pos");
      curation.labeled("from nobody", "pos");
      assertThat(curation.examples()).hasSize(3);
      assertThat(curation.deadLetters()).hasSize(1);
      assertThat(TestingCuration.header(curation.deadLetters().get(0), DeadLetter.REASON))
          .isEqualTo("source-limit");
      assertThat(TestingCuration.header(curation.deadLetters().get(0), DeadLetter.MESSAGE))
          .contains("'bot'")
          .contains("2");

      curation.advance(Duration.ofMinutes(1));
      curation.feedback("{\"text\":\"t9\",\"label\":\"pos\",\"source\":\"bot\"}");

      assertThat(curation.examples()).hasSize(4);
    }
  }
}
