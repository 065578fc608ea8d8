package dev.weir.contract.event;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.contract.event.Parsed.Accepted;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class SurrogatesTest {

  @Test
  void halvesAreReplacedAndPairsAreKept() {
    assertThat(Surrogates.replaceLone("a\uD83Cb\uDFACc🎬\uD800"))
        .isEqualTo("a\uFFFDb\uFFFDc🎬\uFFFD");
    String whole = "no halves é漢";
    assertThat(Surrogates.replaceLone(whole)).isSameAs(whole);
  }

  @Test
  void clipsBetweenCharacters() {
    assertThat(Surrogates.clip("a🎬b", 2)).isEqualTo("a");
    assertThat(Surrogates.clip("a🎬b", 3)).isEqualTo("a🎬");
    assertThat(Surrogates.clip("ab", 2)).isEqualTo("ab");
    assertThat(Surrogates.clip("\uD83C\uD83C", 1)).isEqualTo("\uD83C");
  }

  /** What was read can be written again: a review that cannot would stop every stream it meets. */
  @Property(tries = 500)
  void everyStringSurvivesTheRoundTripAsUtf8(@ForAll char[] units) {
    String text = new String(units);
    String clean = Surrogates.replaceLone(text);
    assertThat(new String(clean.getBytes(UTF_8), UTF_8)).isEqualTo(clean);
    byte[] written = EventJson.write(Map.of("k" + text, text));
    assertThat((Object) EventJson.read(written, Map.class)).isEqualTo(Map.of("k" + clean, clean));
  }

  @Test
  void treesAndBeansAreWrittenAlike() {
    ObjectNode tree = EventJson.mapper().createObjectNode().put("text", "a\uD800");
    assertThat(new String(EventJson.write(tree), UTF_8)).isEqualTo("{\"text\":\"a\uFFFD\"}");
    Feedback bean = Feedback.labeled("r\uDC00", "a\uD800", "positive", "s");
    assertThat(EventJson.read(EventJson.write(bean), Feedback.class))
        .isEqualTo(Feedback.labeled("r\uFFFD", "a\uFFFD", "positive", "s"));
  }

  @Test
  void readersOfRecordsSeeNoHalves() {
    String json = "{\"id\":\"r\",\"text\":\"\\ud83d fine\",\"attributes\":{\"x\":\"\\ud800\"}}";
    Review review = ((Accepted<Review>) EventReader.review(null, json.getBytes(UTF_8))).event();
    assertThat(review.text()).isEqualTo("\uFFFD fine");
    Review again = ((Accepted<Review>) EventReader.review(null, EventJson.write(review))).event();
    assertThat(again.attributes().get("x").textValue()).isEqualTo("\uFFFD");
  }

  @Test
  void messagesAboutBadFieldsCutNoCharacterApart() {
    String name = "x".repeat(63) + "🎬🎬";
    byte[] json = EventJson.write(Map.of("id", "r", "text", "t", "adapter", name));
    var bad = (Parsed.Rejected<Review>) EventReader.review(null, json);
    assertThat(bad.message()).isEqualTo(Surrogates.replaceLone(bad.message())).contains("x…'");
  }
}
