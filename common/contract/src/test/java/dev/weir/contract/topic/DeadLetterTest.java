package dev.weir.contract.topic;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.contract.event.InputPosition;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.junit.jupiter.api.Test;

class DeadLetterTest {

  @Test
  void keepsOriginalHeadersInFrontOfReasonAndSource() {
    RecordHeaders original = new RecordHeaders();
    original.add("trace", "t".getBytes(UTF_8));
    Headers headers =
        DeadLetter.headers(
            original,
            "empty-text",
            "the text is empty",
            new InputPosition("reviews", 2, 7),
            new IllegalStateException());
    assertThat(headers.toArray()[0].key()).isEqualTo("trace");
    assertThat(DeadLetter.header(headers, DeadLetter.REASON)).isEqualTo("empty-text");
    assertThat(DeadLetter.header(headers, DeadLetter.SOURCE)).isEqualTo("reviews-2@7");
    assertThat(DeadLetter.header(headers, DeadLetter.EXCEPTION))
        .isEqualTo("java.lang.IllegalStateException");
    assertThat(DeadLetter.header(headers, "absent")).isNull();
  }
}
