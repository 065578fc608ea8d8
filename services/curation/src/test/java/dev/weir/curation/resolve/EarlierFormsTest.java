package dev.weir.curation.resolve;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.common.topic.EventSerde;
import dev.weir.curation.dedup.CuratedText;
import dev.weir.curation.resolve.ReviewEvent.FeedbackGiven;
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
