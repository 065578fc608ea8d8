package dev.weir.curation.resolve;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.contract.event.Classification;
import dev.weir.contract.event.Example;
import dev.weir.contract.event.TrainingBatch;
import dev.weir.contract.topic.EventSerde;
import dev.weir.curation.dedup.CuratedText;
import dev.weir.curation.limit.SourceCount;
import dev.weir.curation.live.LiveAccuracy;
import dev.weir.curation.resolve.ReviewEvent.AnswerServed;
import dev.weir.curation.resolve.ReviewEvent.FeedbackGiven;
import dev.weir.curation.resolve.ReviewEvent.ReviewSeen;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/** Repartition topics and stores hold what an earlier version wrote, here 04da189. */
class EarlierFormsTest {

  /** feedback-3@17 at 1700000000000, one header, written out by hand. */
  private static final byte[] ORIGINAL =
      HexFormat.of()
          .parseHex(
              "01"
                  + "00000003"
                  + "0000000000000011"
                  + "0000018bcfe56800"
                  + "00000001"
                  + "00000008"
                  + hex("feedback")
                  + "ffffffff"
                  + "00000002"
                  + hex("{}")
                  + "00000001"
                  + hex("h")
                  + "00000001"
                  + hex("v"));

  private static final byte[] LABELED =
      """
      {"adapter":"default","text":"soup 👍","textHash":"ab","label":"positive","source":"unknown","feedbackAt":"2024-05-01T10:00:00Z"}\
      """
          .getBytes(UTF_8);

  @Test
  void candidatesOfTheEarlierVersionAreRead() {
    byte[] bytes =
        ByteBuffer.allocate(Integer.BYTES + LABELED.length + ORIGINAL.length)
            .putInt(LABELED.length)
            .put(LABELED)
            .put(ORIGINAL)
            .array();
    Candidate candidate = new CandidateSerde().deserializer().deserialize("t", bytes);
    assertThat(candidate.labeled().textKey()).isNull();
    assertThat(candidate.labeled().key()).isEqualTo("ab");
    assertThat(candidate.original().position()).hasToString("feedback-3@17");
    assertThat(candidate.original().timestampMs()).isEqualTo(1_700_000_000_000L);
    assertThat(candidate.original().key()).isNull();
  }

  @Test
  void reviewEventsAndCuratedTextsOfTheEarlierVersionAreRead() {
    byte[] given = ByteBuffer.allocate(1 + ORIGINAL.length).put((byte) 'f').put(ORIGINAL).array();
    assertThat(new ReviewEventSerde().deserializer().deserialize("t", given))
        .isInstanceOfSatisfying(
            FeedbackGiven.class,
            event -> assertThat(event.original().value()).isEqualTo("{}".getBytes(UTF_8)));
    byte[] text =
        "{\"label\":\"positive\",\"feedbackAt\":\"2024-05-01T10:00:00Z\",\"batch\":3}"
            .getBytes(UTF_8);
    CuratedText known = new EventSerde<>(CuratedText.class).deserializer().deserialize("t", text);
    assertThat(known.batch()).isEqualTo(3);
    assertThat(known.form()).isNull();
  }

  @Test
  void storesAndTopicsOfTheEarlierVersionAreRead() {
    assertThat(read("{\"adapter\":\"default\",\"text\":\"soup\"}", ReviewSeen.class).text())
        .isEqualTo("soup");
    assertThat(read("{\"adapter\":\"default\"}", AnswerServed.class).version()).isNull();
    assertThat(read("{\"minute\":5,\"count\":3}", SourceCount.class).count()).isEqualTo(3);
    LiveAccuracy live =
        read("{\"windows\":[{\"version\":2,\"answers\":\"110\"}]}", LiveAccuracy.class);
    assertThat(live.windows()).hasSize(1);
    Example example =
        read(
            """
            {"adapter":"default","textHash":"ab","text":"soup","label":"positive","split":"train",\
            "batchId":"default-000001","source":"unknown","feedbackAt":"2024-05-01T10:00:00Z",\
            "feedback":{"topic":"feedback","partition":3,"offset":17}}""",
            Example.class);
    assertThat(example.feedback()).hasToString("feedback-3@17");
    String batch =
        """
        {"id":"default-000001","adapter":"default","sequence":1,"labels":["negative","positive"],\
        "counts":{"train":{"positive":1}},"size":1,"closedBy":"accuracy_drop",\
        "firstFeedbackAt":"2024-05-01T10:00:00Z","lastFeedbackAt":"2024-05-01T10:00:00Z",\
        "openedAt":"2024-05-01T10:00:00Z","closedAt":"2024-05-01T10:00:00Z",\
        "input":[{"topic":"feedback","partition":3,"firstOffset":17,"lastOffset":17}]}""";
    assertThat(TrainingBatch.read("default".getBytes(UTF_8), batch.getBytes(UTF_8)).accepted())
        .isPresent();
    String beyond = batch.replace("\"sequence\":1", "\"sequence\":9223372036854775807");
    assertThat(TrainingBatch.read("default".getBytes(UTF_8), beyond.getBytes(UTF_8)).accepted())
        .isEmpty();
    String abstained =
        """
        {"reviewId":"r","adapter":"default","baseDigest":"bb","scores":{},"abstained":true,\
        "reason":{"code":"no-adapter","message":"none"},"latencyMs":1.5,\
        "timestamp":"2024-05-01T10:00:00Z"}""";
    assertThat(Classification.read(abstained.getBytes(UTF_8)).accepted()).isPresent();
  }

  /** Else an OutOfMemoryError, which ends the service, and again after each start. */
  @Test
  void aLengthThatIsNotThereCostsNoMemory() {
    byte[] candidate = ByteBuffer.allocate(Integer.BYTES).putInt(Integer.MAX_VALUE).array();
    assertThatThrownBy(() -> new CandidateSerde().deserializer().deserialize("t", candidate))
        .isInstanceOf(RuntimeException.class);
    byte[] given = ByteBuffer.allocate(1 + ORIGINAL.length).put((byte) 'f').put(ORIGINAL).array();
    // The topic's name, behind form, partition, offset, time and number of headers.
    ByteBuffer.wrap(given).putInt(1 + 1 + 4 + 8 + 8 + 4, Integer.MAX_VALUE);
    assertThatThrownBy(() -> new ReviewEventSerde().deserializer().deserialize("t", given))
        .isInstanceOf(RuntimeException.class);
  }

  private static <T> T read(String json, Class<T> type) {
    return new EventSerde<>(type).deserializer().deserialize("t", json.getBytes(UTF_8));
  }

  /**
   * What is thrown here costs this record alone: the handler of deserialisation makes it a dead
   * letter.
   */
  @Test
  void aFormOfALaterVersionIsRefusedByItsNumber() {
    byte[] later = ORIGINAL.clone();
    later[0] = 2;
    byte[] given = ByteBuffer.allocate(1 + later.length).put((byte) 'f').put(later).array();
    assertThatThrownBy(() -> new ReviewEventSerde().deserializer().deserialize("t", given))
        .isInstanceOf(RuntimeException.class)
        .hasMessageContaining("form 2");
    assertThatThrownBy(
            () -> new ReviewEventSerde().deserializer().deserialize("t", new byte[] {'z', 1}))
        .isInstanceOf(RuntimeException.class)
        .hasMessageContaining("tag");
  }

  private static String hex(String text) {
    return HexFormat.of().formatHex(text.getBytes(UTF_8));
  }
}
