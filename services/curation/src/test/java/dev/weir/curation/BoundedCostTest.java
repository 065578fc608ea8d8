package dev.weir.curation;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.contract.event.Example;
import dev.weir.contract.topic.DeadLetter;
import dev.weir.curation.deadletter.Letter;
import dev.weir.curation.limit.AdapterLimiter;
import dev.weir.curation.validate.Cut;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Test;

/** What one record, one review or one invented name may cost. */
class BoundedCostTest {

  private static final Set<String> INPUTS = Set.of("feedback");
  private static final Headers NONE = new RecordHeaders();
  private static final byte[] KEY = "key".getBytes(UTF_8);
  private static final String TOO_MANY = "too-many-waiting";

  @Test
  void muchFeedbackOnOneReviewIsSettledInSteps() {
    try (TestingCuration curation = TestingCuration.with()) {
      for (int i = 0; i < 900; i++) {
        curation.feedback("{\"reviewId\":\"hot\",\"label\":\"positive\"}");
      }
      curation.review("hot", "fine");
      assertThat(curation.waiting()).isEqualTo(850);

      // The same review again must not look at all of them once more.
      curation.review("hot", "fine");
      assertThat(curation.waiting()).isEqualTo(850);

      curation.advance(Duration.ofMillis(100));
      assertThat(curation.waiting()).isZero();
      assertThat(curation.deadLetters()).isEmpty();
      assertThat(curation.examples()).hasSize(1);
    }
  }

  @Test
  void onlySoMuchFeedbackWaitsForOneReview() {
    try (TestingCuration curation = TestingCuration.with()) {
      for (int i = 0; i < 1002; i++) {
        curation.feedback("{\"reviewId\":\"hot\",\"label\":\"positive\"}");
      }
      curation.feedback("{\"reviewId\":\"other\",\"label\":\"positive\"}");

      assertThat(curation.waiting()).isEqualTo(1001);
      assertThat(curation.deadLetters())
          .hasSize(2)
          .allSatisfy(
              letter ->
                  assertThat(TestingCuration.header(letter, DeadLetter.REASON))
                      .isEqualTo(TOO_MANY));

      curation.review("hot", "fine");
      curation.advance(Duration.ofMillis(100));
      curation.advance(Duration.ofMillis(100));
      assertThat(curation.waiting()).isEqualTo(1);
      curation.feedback("{\"reviewId\":\"new\",\"label\":\"positive\"}");
      assertThat(curation.waiting()).isEqualTo(2);
    }
  }

  @Test
  void whatStillWaitsAfterItsReviewCameWaitsForTheAnswer() {
    try (TestingCuration curation = TestingCuration.with()) {
      for (int i = 0; i < 200; i++) {
        String opinion = i % 2 == 0 ? "\"verdict\":\"agree\"" : "\"label\":\"positive\"";
        curation.feedback("{\"reviewId\":\"hot\",%s}".formatted(opinion));
      }
      curation.review("hot", "fine");
      curation.advance(Duration.ofMillis(100));
      assertThat(curation.waiting()).isEqualTo(100);

      curation.served("hot", "default", 1, "positive");
      curation.advance(Duration.ofMillis(100));
      assertThat(curation.waiting()).isZero();
    }
  }

  @Test
  void inventedAdaptersAreBoundedAndDeclaredOnesAlwaysPass() {
    try (TestingCuration curation =
        TestingCuration.with("ADAPTERS", "*=negative,positive;mine=negative,positive")) {
      for (int i = 0; i < AdapterLimiter.MAX_ADAPTERS + 3; i++) {
        labeled(curation, "a" + i);
      }
      labeled(curation, "mine");
      labeled(curation, "a0");

      assertThat(curation.examples()).hasSize(AdapterLimiter.MAX_ADAPTERS + 2);
      assertThat(curation.examples()).extracting(Example::adapter).contains("mine");
      assertThat(curation.deadLetters())
          .hasSize(3)
          .allSatisfy(
              letter ->
                  assertThat(TestingCuration.header(letter, DeadLetter.REASON))
                      .isEqualTo("too-many-adapters"));
      assertThat(curation.registry.find("weir.curation.open.examples").gauges())
          .hasSize(AdapterLimiter.MAX_ADAPTERS + 1);
    }
  }

  private static void labeled(TestingCuration curation, String adapter) {
    curation.feedback(
        "{\"text\":\"text %d\",\"label\":\"positive\",\"adapter\":\"%s\"}"
            .formatted(curation.examples().size(), adapter));
  }

  @Test
  void ofARecordThatUnpacksToTooMuchOnlyTheBeginningIsKept() {
    byte[] kept =
        new BoundedBytes(INPUTS).deserialize("feedback", NONE, ByteBuffer.allocate(4_000_000));
    assertThat(kept).hasSize(Letter.EXCERPT_BYTES);

    ConsumerRecord<byte[], byte[]> record = bounded(KEY, kept, 4_000_000, new RecordHeaders());
    try (TestingCuration curation = TestingCuration.with()) {
      curation.feedback(record.key(), record.value(), (RecordHeaders) record.headers());
      curation.labeled("after", "positive");

      assertThat(curation.examples()).hasSize(1);
      assertThat(TestingCuration.header(curation.deadLetters().get(0), DeadLetter.REASON))
          .isEqualTo("record-too-large");
      assertThat(TestingCuration.header(curation.deadLetters().get(0), DeadLetter.MESSAGE))
          .contains("4000000");
    }
  }

  @Test
  void keysAreBoundedTooAndInternalTopicsAreNot() {
    BoundedBytes bytes = new BoundedBytes(INPUTS);

    assertThat(bytes.deserialize("feedback", NONE, ByteBuffer.allocate(1_000_000)))
        .hasSize(Letter.EXCERPT_BYTES);
    assertThat(bytes.deserialize("by-review", NONE, ByteBuffer.allocate(1_000_000)))
        .hasSize(1_000_000);
    assertThat(bytes.deserialize("feedback", NONE, (ByteBuffer) null)).isNull();
  }

  /** Kafka calls no deserializer for what is null, and taking headers out by name is quadratic. */
  @Test
  void headersAreBoundedAlsoWithoutKeyAndValueAndHoweverManyThereAre() {
    RecordHeaders large = new RecordHeaders();
    IntStream.range(0, 20).forEach(i -> large.add("h" + i, new byte[100_000]));
    assertThat(bounded(null, null, -1, large).headers().toArray()).hasSize(1);

    RecordHeaders empty = new RecordHeaders();
    IntStream.range(0, 100_000).forEach(i -> empty.add("", null));
    assertThat(bounded(null, null, -1, empty).headers().toArray()).hasSize(1);

    RecordHeaders distinct = new RecordHeaders();
    IntStream.range(0, 500_000).forEach(i -> distinct.add("h" + i, null));
    assertThat(bounded(KEY, KEY, KEY.length, distinct).headers().toArray()).hasSize(1);
  }

  @Test
  void keyValueAndHeadersAreBoundedTogether() {
    RecordHeaders headers = new RecordHeaders();
    headers.add("h", new byte[Letter.MAX_BYTES / 2]);
    byte[] half = new byte[Letter.MAX_BYTES / 2];
    ConsumerRecord<byte[], byte[]> whole = bounded(null, half, half.length, headers);
    assertThat(whole.value()).isSameAs(half);
    assertThat(whole.headers().toArray()).hasSize(1);

    byte[] most = new byte[Letter.MAX_BYTES - 100];
    ConsumerRecord<byte[], byte[]> cut = bounded(half, most, most.length, new RecordHeaders());
    assertThat(cut.key()).hasSize(Letter.EXCERPT_BYTES);
    assertThat(cut.value()).hasSize(Letter.EXCERPT_BYTES);
  }

  @Test
  void aProducersOwnMarkOfACutIsNotBelieved() {
    RecordHeaders forged = new RecordHeaders();
    Cut.mark(forged, "anything");
    forged.add("own", new byte[0]);

    assertThat(bounded(KEY, KEY, KEY.length, forged).headers().toArray())
        .extracting(Header::key)
        .containsExactly("own");
  }

  private static ConsumerRecord<byte[], byte[]> bounded(
      byte[] key, byte[] value, int valueSize, Headers headers) {
    TopicPartition partition = new TopicPartition("feedback", 0);
    ConsumerRecord<byte[], byte[]> record =
        new ConsumerRecord<>(
            partition.topic(),
            partition.partition(),
            7,
            1,
            TimestampType.CREATE_TIME,
            key == null ? -1 : key.length,
            valueSize,
            key,
            value,
            headers,
            Optional.empty());
    return new BoundedRecords(INPUTS, new SimpleMeterRegistry())
        .of(new ConsumerRecords<>(Map.of(partition, List.of(record)), Map.of()))
        .records(partition)
        .get(0);
  }
}
