package dev.weir.inference.http.events;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class EventPositionsTest {

  @Test
  void oneFeedHasItsOwnPosition() {
    EventPositions positions = new EventPositions(List.of("training"));
    positions.set("training", "0:17,1:4");
    assertThat(positions.id()).isEqualTo("0:17,1:4");
    assertThat(EventPositions.of("0:17,1:4", "training", true)).isEqualTo("0:17,1:4");
  }

  @Test
  void severalFeedsHaveTheirsByName() {
    EventPositions positions = new EventPositions(List.of("training", "adapters"));
    positions.set("training", "0:17,1:4");
    positions.set("adapters", "0:3");
    positions.set("training", "0:18,1:4");
    assertThat(positions.known()).isEqualTo(2);
    assertThat(positions.id()).isEqualTo("training=0:18,1:4;adapters=0:3");
    assertThat(EventPositions.of(positions.id(), "training", false)).isEqualTo("0:18,1:4");
    assertThat(EventPositions.of(positions.id(), "adapters", false)).isEqualTo("0:3");
  }

  @Test
  void whatIsNoIdOfOursNamesNoPlace() {
    assertThat(EventPositions.of(null, "training", false)).isNull();
    assertThat(EventPositions.of("0:17", "training", false)).isNull();
    assertThat(EventPositions.of("adapters=0:1", "training", false)).isNull();
    assertThat(EventPositions.of("training=0:1;".repeat(2000), "training", false)).isNull();
  }
}
