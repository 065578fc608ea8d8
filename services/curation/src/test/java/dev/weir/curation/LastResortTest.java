package dev.weir.curation;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.contract.event.Example;
import dev.weir.contract.topic.DeadLetter;
import dev.weir.curation.deadletter.Faults;
import dev.weir.curation.resolve.ReviewResolver;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.errors.ProcessorStateException;
import org.apache.kafka.streams.errors.StreamsException;
import org.apache.kafka.streams.errors.TaskCorruptedException;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.test.TestRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A defect of our own costs the record that brings it out, and nothing else. */
class LastResortTest {

  private static final byte[] KEY = "key".getBytes(UTF_8);
  private static final byte[] BAD =
      "{\"text\":\"%s\",\"label\":\"positive\"}".formatted(PlantedDefect.TRIGGER).getBytes(UTF_8);

  @ParameterizedTest
  @CsvSource({
    "feedback-validate, false",
    "feedback-resolve, false",
    "adapter-limit, false",
    "live-accuracy-track, false",
    "text-deduplicate, false",
    "source-limit, false",
    "batch-assemble, false",
    "examples-unwrap, false",
    "examples-unwrap, true",
    "batch-assemble, true",
  })
  void oneRecordOneDeadLetterWithItsOriginalBytesFromEveryPart(String step, boolean after) {
    try (TestingCuration curation =
        TestingCuration.with(PlantedDefect.at(step, after), adapter -> 0)) {
      RecordHeaders headers = new RecordHeaders();
      headers.add("trace", new byte[] {1, 2});
      curation.labeled("before", "positive");
      curation.feedback(KEY, BAD, headers);
      curation.labeled("after", "negative");

      assertThat(curation.examples()).extracting(Example::text).contains("before", "after");
      assertThat(curation.deadLetters()).hasSize(1);
      TestRecord<byte[], byte[]> letter = curation.deadLetters().get(0);
      assertThat(letter.key()).isEqualTo(KEY);
      assertThat(letter.value()).isEqualTo(BAD);
      assertThat(letter.headers().lastHeader("trace").value()).containsExactly(1, 2);
      assertThat(header(letter, DeadLetter.REASON)).isEqualTo("internal-error");
      assertThat(header(letter, DeadLetter.SOURCE)).isEqualTo("feedback-0@1");
      assertThat(header(letter, DeadLetter.EXCEPTION)).isEqualTo("java.lang.IllegalStateException");
      assertThat(header(letter, DeadLetter.MESSAGE)).contains(step).contains("defect");
      assertThat(curation.count("weir.curation.internal.errors", "step", step)).isEqualTo(1);
      assertThat(curation.count("weir.curation.dead.letters", "reason", "internal-error"))
          .isEqualTo(1);
    }
  }

  @Test
  void aReviewThatBringsADefectOutIsADeadLetterOfReviews() {
    try (TestingCuration curation =
        TestingCuration.with(PlantedDefect.at("reviews-read", false), adapter -> 0)) {
      curation.review("r1", PlantedDefect.TRIGGER);
      curation.review("r2", "fine");
      curation.feedback("{\"reviewId\":\"r2\",\"label\":\"positive\"}");

      assertThat(curation.examples()).hasSize(1);
      assertThat(curation.deadReviews()).hasSize(1);
      assertThat(header(curation.deadReviews().get(0), DeadLetter.SOURCE)).isEqualTo("reviews-0@0");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"by-review", "by-adapter"})
  void bytesThatAnInternalTopicShouldNotHaveAreADeadLetter(String topic) {
    try (TestingCuration curation = TestingCuration.with()) {
      byte[] value = {1, 2, 3};
      TestInputTopic<byte[], byte[]> internal =
          curation.driver.createInputTopic(
              "weir-curation-" + topic + "-repartition",
              new ByteArraySerializer(),
              new ByteArraySerializer());
      internal.pipeInput(KEY, value);
      curation.labeled("after", "negative");

      assertThat(curation.examples()).hasSize(1);
      assertThat(curation.deadLetters()).hasSize(1);
      assertThat(curation.deadLetters().get(0).value()).isEqualTo(value);
      assertThat(header(curation.deadLetters().get(0), DeadLetter.REASON))
          .isEqualTo("internal-error");
    }
  }

  /** 50 are settled beside the review, the others by a timer, which has no record of its own. */
  @Test
  void aDefectBehindATimerCostsEachRecordOneDeadLetterToo() {
    try (TestingCuration curation =
        TestingCuration.with(PlantedDefect.at("feedback-resolved-unwrap", false), adapter -> 0)) {
      for (int i = 0; i < 60; i++) {
        curation.feedback(
            "{\"reviewId\":\"hot\",\"label\":\"positive\",\"source\":\"%s\"}"
                .formatted(PlantedDefect.TRIGGER));
      }
      curation.review("hot", "fine");
      curation.advance(Duration.ofMillis(100));

      assertThat(curation.waiting()).isZero();
      assertThat(curation.deadLetters()).hasSize(60);
    }
  }

  @Test
  void feedbackThatWaitsInALaterFormWaitsOnAndIsADeadLetterInTheEnd() {
    try (TestingCuration curation = TestingCuration.with()) {
      curation.feedback("{\"reviewId\":\"r\",\"label\":\"positive\"}");
      curation.feedback("{\"reviewId\":\"r\",\"label\":\"negative\"}");
      KeyValueStore<Bytes, byte[]> waiting =
          curation.driver.getKeyValueStore(ReviewResolver.WAITING);
      byte[] later = null;
      Bytes key = null;
      try (KeyValueIterator<Bytes, byte[]> all = waiting.all()) {
        while (all.hasNext()) {
          KeyValue<Bytes, byte[]> entry = all.next();
          if (later == null && entry.value.length > 2 * Long.BYTES) {
            key = entry.key;
            later = entry.value.clone();
          }
        }
      }
      later[Long.BYTES] = 9;
      waiting.put(key, later);

      curation.review("r", "fine");
      assertThat(curation.examples()).hasSize(1);
      assertThat(curation.waiting()).isEqualTo(1);
      assertThat(curation.count("weir.curation.internal.errors", "step", "waiting-form"))
          .isEqualTo(1);

      curation.advance(Duration.ofMinutes(11));
      assertThat(curation.waiting()).isZero();
      assertThat(curation.deadLetters()).hasSize(1);
      TestRecord<byte[], byte[]> letter = curation.deadLetters().get(0);
      assertThat(letter.value()).isEqualTo(Arrays.copyOfRange(later, Long.BYTES, later.length));
      assertThat(header(letter, DeadLetter.REASON)).isEqualTo("internal-error");
      assertThat(header(letter, DeadLetter.SOURCE)).isEqualTo("feedback-0@0");
      assertThat(header(letter, DeadLetter.MESSAGE)).contains("form 9");
    }
  }

  @Test
  void whatIsNoClassificationIsSkippedAndCounted() {
    try (TestingCuration curation = TestingCuration.with()) {
      curation.rawClassification(KEY, null);
      curation.rawClassification(KEY, "null".getBytes(UTF_8));
      curation.rawClassification(KEY, "{\"adapter\":\"../x\"}".getBytes(UTF_8));
      curation.labeled("after", "negative");

      assertThat(curation.examples()).hasSize(1);
      assertThat(curation.count("weir.records.skipped", "topic", "classifications")).isEqualTo(3);
    }
  }

  @Test
  void whatKafkaRefusedOnceBecomesADeadLetterWhenItIsReadAgain() {
    try (TestingCuration curation = TestingCuration.with()) {
      curation.known.refused(
          new dev.weir.contract.event.InputPosition("feedback", 0, 1), "refused by examples");
      curation.labeled("before", "positive");
      curation.feedback(KEY, BAD);
      curation.labeled("after", "negative");

      assertThat(curation.examples()).extracting(Example::text).containsExactly("before", "after");
      assertThat(header(curation.deadLetters().get(0), DeadLetter.MESSAGE))
          .contains("refused by examples");
    }
  }

  static Stream<Exception> notTheRecordsFault() {
    return Stream.of(
        new TimeoutException("no answer"),
        new ProducerFencedException("fenced"),
        new AuthorizationException("no right"),
        new ProcessorStateException("no space left"),
        new TaskCorruptedException(java.util.Set.of()),
        new StreamsException(new AuthorizationException("no right")),
        new IllegalStateException("wrapped", new TimeoutException("no answer")),
        new RuntimeException(new OutOfMemoryError("heap")));
  }

  @ParameterizedTest
  @MethodSource("notTheRecordsFault")
  void whatIsNotTheRecordsFaultIsNotSwallowed(Exception fault) {
    assertThat(Faults.ofRecord(fault)).isFalse();
  }

  @Test
  void unreadableStateAndWrongClassesAreTheRecordsFault() {
    assertThat(Faults.ofRecord(new SerializationException("not JSON"))).isTrue();
    assertThat(Faults.ofRecord(new StreamsException("b", new ClassCastException("a")))).isTrue();
    assertThat(Faults.ofRecord(new NullPointerException())).isTrue();
  }

  @Test
  void missingRightsStopTheThreadAndNothingIsWritten() {
    try (TestingCuration curation =
        TestingCuration.with(
            Map.of(),
            adapter -> {
              throw new AuthorizationException("training-batches");
            })) {
      assertThatThrownBy(() -> curation.labeled("one", "positive"))
          .hasRootCauseInstanceOf(AuthorizationException.class);
      assertThat(curation.deadLetters()).isEmpty();
    }
  }

  private static String header(TestRecord<byte[], byte[]> letter, String name) {
    return TestingCuration.header(letter, name);
  }
}
