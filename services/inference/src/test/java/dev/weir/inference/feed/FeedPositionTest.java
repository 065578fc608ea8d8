package dev.weir.inference.feed;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FeedPositionTest {

  @Test
  void isWrittenAndReadAlike() {
    FeedPosition position = FeedPosition.parse("1:4,0:17").orElseThrow();
    assertThat(position).hasToString("0:17,1:4");
    assertThat(position.pass(0, 16)).isFalse();
    assertThat(position.pass(0, 17)).isTrue();
    assertThat(position.pass(0, 17)).isFalse();
    assertThat(position).hasToString("0:18,1:4");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "17", "0:", "0:1,", "a:1", "0:-1", "0:99999999999999999999"})
  void anythingElseIsNoPosition(String written) {
    assertThat(FeedPosition.parse(written)).isEmpty();
    assertThat(FeedPosition.parse("0:1," + "0:1,".repeat(1000) + "0:1")).isEmpty();
  }

  @Test
  void aPositionIsFittedIntoTheTopic() {
    Map<Integer, Long> begins = Map.of(0, 10L, 1, 0L);
    Map<Integer, Long> ends = Map.of(0, 110L, 1, 50L);
    FeedPosition position = FeedPosition.parse("0:5,1:49,7:3").orElseThrow();
    assertThat(position.fit(begins, ends, 1000)).as("before the beginning").isEqualTo(5);
    assertThat(position).hasToString("0:10,1:49");
    assertThat(position.fit(begins, ends, 20)).as("more than 10 each").isEqualTo(90);
    assertThat(position).hasToString("0:100,1:49");
    FeedPosition beyond = FeedPosition.parse("0:500").orElseThrow();
    assertThat(beyond.fit(begins, ends, 20)).as("the topic was made anew").isZero();
    assertThat(beyond).hasToString("0:110,1:50");
  }

  @Test
  void theLastOffsetsAreTakenFromAllPartitionsAlike() {
    Map<Integer, Long> begins = Map.of(0, 10L, 1, 0L);
    Map<Integer, Long> ends = Map.of(0, 110L, 1, 5L);
    assertThat(FeedPosition.last(20, begins, ends)).hasToString("0:100,1:0");
    assertThat(FeedPosition.last(1, begins, ends)).hasToString("0:109,1:4");
    assertThat(FeedPosition.last(5000, begins, ends)).hasToString("0:10,1:0");
  }
}
