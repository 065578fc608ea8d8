package dev.weir.inference.slot;

import static dev.weir.inference.slot.TestingAdapters.crown;
import static dev.weir.inference.slot.TestingAdapters.loaded;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.model.graph.SlotLayout;
import dev.weir.model.spec.LinearModule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RememberedLayoutTest {

  private static final String BASE = "ab".repeat(32);
  private static final int SLOTS = 2;

  @TempDir Path directory;

  private final TestingSlotTable.Opener opener = new TestingSlotTable.Opener();

  @Test
  void engineIsOpenedOnceInTheShapeThatTheProcessBeforeNeeded() {
    try (AdapterRegistry before = start(BASE)) {
      crown(before, TestingAdapters.lora("default", 1, 8, LinearModule.QUERY));
      crown(before, loaded("stars", 1, List.of("1", "2", "3")));
      crown(before, loaded("third", 1, List.of("a", "b")));
    }
    int opened = opener.opened().size();
    try (AdapterRegistry after = start(BASE)) {
      assertThat(after.state().layout())
          .isEqualTo(new SlotLayout(4, 8, 3, Set.of(LinearModule.QUERY)));
      crown(after, TestingAdapters.lora("default", 1, 8, LinearModule.QUERY));
      crown(after, loaded("stars", 1, List.of("1", "2", "3")));
      crown(after, loaded("third", 1, List.of("a", "b")));
    }
    assertThat(opener.opened()).hasSize(opened + 1);
  }

  @Test
  void shapeThatNoAdapterNeedsAnyMoreIsForgotten() {
    try (AdapterRegistry first = start(BASE)) {
      crown(first, TestingAdapters.lora("default", 1, 64, LinearModule.QUERY));
    }
    try (AdapterRegistry second = start(BASE)) {
      assertThat(second.state().layout().rank()).isEqualTo(64);
      crown(second, TestingAdapters.lora("default", 2, 8, LinearModule.VALUE));
    }
    try (AdapterRegistry third = start(BASE)) {
      assertThat(third.state().layout())
          .isEqualTo(new SlotLayout(SLOTS, 8, 2, Set.of(LinearModule.VALUE)));
    }
  }

  @Test
  void shapeOfAnotherBaseModelIsNotTaken() {
    try (AdapterRegistry before = start(BASE)) {
      crown(before, TestingAdapters.lora("default", 1, 8, LinearModule.QUERY));
    }
    try (AdapterRegistry after = start("cd".repeat(32))) {
      assertThat(after.state().layout()).isEqualTo(SlotLayouts.initial(SLOTS));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "null",
        "[]",
        "{",
        "{\"base\":null}",
        "{\"base\":\"BASE\"}",
        "{\"base\":\"BASE\",\"slots\":-1,\"rank\":0,\"labels\":2,\"targets\":[]}",
        "{\"base\":\"BASE\",\"slots\":2,\"rank\":8,\"labels\":2,\"targets\":[]}",
        "{\"base\":\"BASE\",\"slots\":2,\"rank\":8,\"labels\":2,\"targets\":[\"NONE\"]}",
        "{\"base\":\"BASE\",\"slots\":2,\"rank\":1e99,\"labels\":2,\"targets\":{\"a\":1}}",
        "{\"base\":\"BASE\",\"slots\":2,\"rank\":2000000000,\"labels\":2,\"targets\":[\"QUERY\"]}",
        "{\"base\":\"BASE\",\"slots\":2,\"rank\":8,\"labels\":2000000000,\"targets\":[\"QUERY\"]}"
      })
  void fileThatSaysNothingUsableIsLeftOut(String content) throws IOException {
    Files.writeString(directory.resolve("slot-layout.json"), content.replace("BASE", BASE));
    try (AdapterRegistry registry = start(BASE)) {
      assertThat(registry.state().layout()).isEqualTo(SlotLayouts.initial(SLOTS));
    }
  }

  @Test
  void shapeThatMemoryNoLongerAllowsIsNotTaken() throws IOException {
    Files.writeString(
        directory.resolve("slot-layout.json"),
        """
        {"base":"%s","slots":64,"rank":8,"labels":2,"targets":["QUERY"],"dora":false}"""
            .formatted(BASE));
    opener.mostSlots = SLOTS;
    try (AdapterRegistry registry = start(BASE)) {
      assertThat(registry.state().layout()).isEqualTo(SlotLayouts.initial(SLOTS));
    }
  }

  private AdapterRegistry start(String base) {
    AdapterRegistry registry =
        TestingAdapters.closed(
            opener,
            new SlotPolicy(SLOTS, 4096, Set.of(), Duration.ofMinutes(1)),
            new TestingWeights(),
            Clock.systemUTC());
    registry.remember(new RememberedLayout(directory, base, SLOTS));
    registry.start();
    return registry;
  }
}
