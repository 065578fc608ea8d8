package dev.weir.inference.adapter;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.common.adapter.AdapterRecord;
import dev.weir.common.adapter.Champion;
import dev.weir.common.adapter.ServingPlan;
import dev.weir.common.adapter.ServingPlan.Pin;
import dev.weir.common.event.EventJson;
import java.time.Instant;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;

class AnnouncedAdaptersTest {

  private final AnnouncedAdapters announced = new AnnouncedAdapters(new ServingPlans());

  @Test
  void pinnedVersionIsWantedAndTheChampionIsItsSubstitute() {
    crown(5);
    pin(new Pin(3, "digest-3", null));
    Wanted wanted = announced.wanted("default", 2);
    assertThat(wanted.champion().id().version()).isEqualTo(3);
    assertThat(wanted.substitute().id().version()).isEqualTo(5);
    assertThat(wanted.substitute().digest()).isEqualTo("digest-5");
    assertThat(wanted.ids()).as("kept in service").hasSize(1);
  }

  @Test
  void whatWasRolledBackIsNoSubstitute() {
    crown(5);
    pin(new Pin(3, "digest-3", 5));
    assertThat(announced.wanted("default", 2).substitute()).isNull();
  }

  @Test
  void championThatIsPinnedOrAloneHasNoSubstitute() {
    crown(5);
    assertThat(announced.wanted("default", 1).substitute()).isNull();
    pin(new Pin(5, "digest-5", null));
    assertThat(announced.wanted("default", 2).champion().id().version()).isEqualTo(5);
    assertThat(announced.wanted("default", 2).substitute()).isNull();
  }

  private void crown(int version) {
    Champion champion = new Champion("default", version, "digest-" + version, Instant.EPOCH);
    take(AdapterRecord.key(champion), EventJson.write(champion));
  }

  private void pin(Pin pin) {
    ServingPlan plan = ServingPlan.none("default").withPinned(pin);
    take(AdapterRecord.key(plan), EventJson.write(plan));
  }

  private void take(byte[] key, byte[] value) {
    assertThat(announced.take(new ConsumerRecord<>("adapters", 0, 0, key, value)))
        .contains("default");
  }
}
