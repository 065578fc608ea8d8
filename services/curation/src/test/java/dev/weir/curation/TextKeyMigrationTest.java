package dev.weir.curation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.contract.event.Example;
import dev.weir.contract.event.TextKey;
import dev.weir.contract.event.TextNormalizer;
import dev.weir.curation.dedup.CuratedText;
import java.time.Duration;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.test.TestRecord;
import org.junit.jupiter.api.Test;

/**
 * Texts that differ in signs are examples of their own, and what is known already is not doubled.
 */
class TextKeyMigrationTest {

  @Test
  void textsThatDifferInSignsAreExamplesOfTheirOwnOnOneSide() {
    try (TestingCuration curation = TestingCuration.with()) {
      curation.labeled("soup 👍", "positive");
      curation.labeled("soup 👎", "negative");
      curation.labeled("soup :)", "positive");
      curation.labeled("soup :(", "negative");
      curation.labeled("soup", "negative");
      curation.labeled("SOUP  👍!", "positive");
      assertThat(curation.examples()).hasSize(5);
      assertThat(curation.examples()).extracting(Example::key).doesNotHaveDuplicates();
      assertThat(curation.examples().stream().map(Example::split).distinct()).hasSize(1);
      assertThat(curation.examples().get(4).textHash()).isEqualTo(TextNormalizer.hash("soup"));
    }
  }

  /** The store as version 04da189 wrote it: the hash of the words, and no form. */
  @Test
  void textKnownUnderItsFormerKeyIsFoundAndItsCorrectionTakesItsPlace() {
    try (TestingCuration curation = TestingCuration.with()) {
      String former = CuratedText.key("default", TextNormalizer.hash("soup 👍"));
      String present = CuratedText.key("default", TextKey.of("soup 👍").value());
      KeyValueStore<String, CuratedText> store =
          curation.driver.getKeyValueStore(CuratedText.STORE);
      store.put(former, new CuratedText("negative", curation.now().minusSeconds(60), 1, null));

      curation.labeled("soup 👍", "negative");
      assertThat(curation.examples()).isEmpty();
      assertThat(store.get(former).form()).isNull();

      curation.advance(Duration.ofSeconds(1));
      curation.labeled("soup 👍", "positive");
      assertThat(curation.exampleRecords())
          .extracting(TestRecord::key)
          .containsExactlyInAnyOrder(former, present);
      assertThat(
              curation.exampleRecords().stream()
                  .filter(record -> record.key().equals(former))
                  .map(TestRecord::value))
          .containsExactly((Example) null);
      assertThat(store.get(former)).isNull();
      assertThat(store.get(present).form()).isEqualTo(CuratedText.FORM);
    }
  }
}
