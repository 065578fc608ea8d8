package dev.weir.curation;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

class RenewedTopicsTest {

  @Test
  void eachConsumerHearsOnceOfEachTopicThatWasMadeAnewSinceItIsThere() {
    RenewedTopics topics = new RenewedTopics();
    RenewedTopics.Heard early = topics.new Heard();
    topics.add("feedback", Uuid.randomUuid());
    RenewedTopics.Heard late = topics.new Heard();

    assertThat(early.news()).containsExactly("feedback");
    assertThat(early.news()).isEmpty();
    assertThat(late.news()).isEmpty();

    topics.add("reviews", Uuid.randomUuid());
    topics.add("feedback", Uuid.randomUuid());
    assertThat(early.news()).containsExactlyInAnyOrder("feedback", "reviews");
    assertThat(late.news()).containsExactlyInAnyOrder("feedback", "reviews");
  }
}
