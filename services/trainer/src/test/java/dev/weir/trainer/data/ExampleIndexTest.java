package dev.weir.trainer.data;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.Example;
import dev.weir.contract.event.InputPosition;
import dev.weir.contract.event.Split;
import dev.weir.contract.event.TextKey;
import dev.weir.contract.event.TextNormalizer;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class ExampleIndexTest {

  private static final Example FORMER =
      example("soup 👍", TextNormalizer.hash("soup 👍"), "default-000001");
  private static final Example PRESENT =
      example("soup 👍", TextKey.of("soup 👍").value(), "default-000002");

  @Test
  void aTextUnderItsFormerAndItsPresentKeyIsOneExampleInEitherOrder() {
    for (List<Example> order : List.of(List.of(FORMER, PRESENT), List.of(PRESENT, FORMER))) {
      ExampleIndex index = new ExampleIndex();
      order.forEach(each -> index.apply(each.key().getBytes(UTF_8), EventJson.write(each)));
      assertThat(index.of("default")).containsExactly(PRESENT);
      assertThat(index.count("default-000001")).isZero();
      assertThat(index.count("default-000002")).isEqualTo(1);
    }
  }

  @Test
  void textsThatDifferInSignsAreDifferentExamples() {
    ExampleIndex index = new ExampleIndex();
    for (String text : List.of("soup", "soup 👍", "soup 👎")) {
      Example each = example(text, TextKey.of(text).value(), "default-000001");
      index.apply(each.key().getBytes(UTF_8), EventJson.write(each));
    }
    assertThat(index.of("default")).hasSize(3);
  }

  private static Example example(String text, String key, String batch) {
    return new Example(
        "default",
        key,
        text,
        "positive",
        Split.TRAIN,
        batch,
        null,
        "test",
        Instant.EPOCH,
        new InputPosition("feedback", 0, 1));
  }
}
