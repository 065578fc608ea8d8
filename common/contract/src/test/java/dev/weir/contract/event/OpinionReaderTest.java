package dev.weir.contract.event;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.contract.event.Parsed.Accepted;
import dev.weir.contract.event.Parsed.Rejected;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OpinionReaderTest {

  private final OpinionReader opinions = new OpinionReader(AdapterCatalog.SENTIMENT);

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '^',
      value = {
        "{\"text\":\"t\",\"verdict\":\"agree\"}~unresolvable-verdict",
        "{\"text\":\"t\",\"label\":\"meh\"}~unknown-label",
        "{\"text\":\"t\",\"stars\":3}~unmapped-stars",
        "{\"reviewId\":\"r\",\"adapter\":\"other\",\"verdict\":\"agree\"}~unknown-adapter",
        "{\"reviewId\":\"r\",\"adapter\":\"default\",\"label\":\"meh\"}~unknown-label",
      })
  void saysWhyNoReviewCanHelp(String json, String code) {
    Rejected<String> bad = opinions.hopeless(feedback(json));
    assertThat(bad).isNotNull();
    assertThat(bad.reason().code()).isEqualTo(code);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '^',
      value = {
        "{\"text\":\"t\",\"label\":\" POS \"}",
        "{\"text\":\"t\",\"stars\":4.5}",
        "{\"reviewId\":\"r\",\"verdict\":\"disagree\"}",
        "{\"reviewId\":\"r\",\"label\":\"a label of the review's adapter\"}",
      })
  void leavesOpenWhatAReviewMayDecide(String json) {
    assertThat(opinions.hopeless(feedback(json))).isNull();
  }

  private static Feedback feedback(String json) {
    return ((Accepted<Feedback>) EventReader.feedback(null, json.getBytes(UTF_8))).event();
  }
}
