package dev.weir.inference.release;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.weir.contract.event.EventJson;
import dev.weir.contract.release.AdapterLedger;
import dev.weir.contract.release.AdapterRecord;
import dev.weir.contract.release.Champion;
import dev.weir.contract.release.Decision;
import dev.weir.contract.release.Method;
import dev.weir.contract.release.Release;
import dev.weir.contract.release.ServingPlan;
import dev.weir.contract.release.ServingPlan.Pin;
import dev.weir.inference.slot.TestingAdapters;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class AnnouncedAdaptersTest {

  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final AnnouncedAdapters announced =
      new AnnouncedAdapters(
          new ServingPlans(meters),
          "default"::equals,
          new SkippedAdapterRecords(meters, "adapters"));

  /** What is left in place is told of by an alert; so it must go when it is taken back. */
  @Test
  void pinsAreShownWithWhatSetThemWhileTheyAreThere() {
    crown(5);
    pin(new Pin(3, "digest3", 5));
    assertThat(meters.find("weir.inference.pinned.timestamp").tag("by", "rollback").gauge())
        .isNotNull();
    pin(new Pin(3, "digest3", null));
    assertThat(meters.find("weir.inference.pinned.timestamp").gauges()).hasSize(1);
    assertThat(meters.find("weir.inference.pinned.timestamp").tag("by", "pin").gauge()).isNotNull();
    pin(null);
    assertThat(meters.find("weir.inference.pinned.timestamp").gauges()).isEmpty();
  }

  @Test
  void pinnedVersionIsWantedAndTheChampionIsItsSubstitute() {
    crown(5);
    pin(new Pin(3, "digest3", null));
    Wanted wanted = announced.wanted("default", TestingAdapters.at(2));
    assertThat(wanted.champion().id().version()).isEqualTo(3);
    assertThat(wanted.substitute().id().version()).isEqualTo(5);
    assertThat(wanted.substitute().digest()).isEqualTo("digest5");
    assertThat(wanted.ids()).as("kept in service").hasSize(1);
  }

  @Test
  void whatWasRolledBackIsNoSubstitute() {
    crown(5);
    pin(new Pin(3, "digest3", 5));
    assertThat(announced.wanted("default", TestingAdapters.at(2)).substitute()).isNull();
  }

  @Test
  void championThatIsPinnedOrAloneHasNoSubstitute() {
    crown(5);
    assertThat(announced.wanted("default", TestingAdapters.at(1)).substitute()).isNull();
    pin(new Pin(5, "digest5", null));
    assertThat(announced.wanted("default", TestingAdapters.at(2)).champion().id().version())
        .isEqualTo(5);
    assertThat(announced.wanted("default", TestingAdapters.at(2)).substitute()).isNull();
  }

  /** Key and value of records that nobody of ours writes. */
  static Stream<Arguments> recordsThatSayNothing() {
    String digest = "\"digest\":\"d\",\"since\":\"2026-01-01T00:00:00Z\"";
    return Stream.of(
        arguments("default", "null"),
        arguments("default#plan", "null"),
        arguments("default@2", "null"),
        arguments("default", ""),
        arguments("default", "{"),
        arguments("default", "[]"),
        arguments("default", "{}"),
        arguments("default", "17"),
        arguments("default", "{\"adapter\":\"default\",\"version\":-1," + digest + "}"),
        arguments("default", "{\"adapter\":\"default\",\"version\":0," + digest + "}"),
        arguments("default", "{\"adapter\":null,\"version\":1," + digest + "}"),
        arguments("default", "{\"adapter\":\"default\",\"version\":3}"),
        arguments("default", "{\"adapter\":\"default\",\"version\":1e400," + digest + "}"),
        arguments("../../x", "{\"adapter\":\"../../x\",\"version\":1," + digest + "}"),
        arguments("default", "{\"adapter\":\"../../x\",\"version\":1," + digest + "}"),
        arguments("foreign", "{\"adapter\":\"default\",\"version\":3," + digest + "}"),
        arguments("Bad Name!", "{\"adapter\":\"Bad Name!\",\"version\":1," + digest + "}"),
        arguments("../../x@1", "{\"adapter\":\"../../x\",\"version\":1," + digest + "}"),
        arguments("default@1", "{\"adapter\":\"default\",\"version\":-5}"),
        arguments("default@x", "{\"adapter\":\"default\",\"version\":1}"),
        arguments("../../x#plan", "{\"adapter\":\"../../x\",\"abstainBelow\":0.5}"),
        arguments("#plan", "{\"adapter\":\"\"}"),
        arguments("default#plan", "{\"adapter\":\"other\",\"abstainBelow\":0.5}"),
        arguments("default#plan", "{\"adapter\":\"default\",\"abstainBelow\":7}"),
        arguments("default#plan", "{\"adapter\":\"default\",\"pinned\":{\"version\":0}}"),
        arguments("default@99999999999", null),
        arguments("@", null),
        arguments("../../x", null),
        arguments("", null),
        arguments(null, null),
        arguments(null, "{}"));
  }

  @ParameterizedTest
  @MethodSource("recordsThatSayNothing")
  void recordThatSaysNothingIsCountedAndChangesNothing(
      @Nullable String key, @Nullable String value) {
    crown(2);
    assertThat(announced.take(record(key, value))).isEmpty();

    assertThat(skipped()).as("skipped").isEqualTo(1);
    assertThat(announced.champions()).containsOnlyKeys("default");
    assertThat(announced.answering("default").orElseThrow().version()).isEqualTo(2);
    assertThat(announced.released()).isEmpty();
    assertThat(announced.plan("default").versions()).isEmpty();
    crown(3);
    assertThat(announced.wanted("default", TestingAdapters.at(9)).champion().id().version())
        .isEqualTo(3);
  }

  @Test
  void namesThatAnybodyInventsTakeBoundedMemoryAndNoPlaceOfADeclaredAdapter() {
    for (int i = 0; i < 3 * AdapterLedger.MOST_ADAPTERS; i++) {
      Champion champion = new Champion("invented-" + i, 1, "d", Instant.EPOCH);
      announced.take(record("invented-" + i, new String(EventJson.write(champion), UTF_8)));
    }
    assertThat(announced.champions()).hasSize(AdapterLedger.MOST_ADAPTERS);
    assertThat(skipped()).isEqualTo(2.0 * AdapterLedger.MOST_ADAPTERS);
    crown(4);
    assertThat(announced.champion("default").orElseThrow().version()).isEqualTo(4);
    // What is withdrawn makes room.
    announced.take(record("invented-0", null));
    announced.take(record("invented-1", null));
    announced.take(
        record(
            "late",
            new String(EventJson.write(new Champion("late", 1, "d", Instant.EPOCH)), UTF_8)));
    assertThat(announced.exists("late")).isTrue();
  }

  @Test
  void recordsBeyondTheMemoryForThemAreRefused() {
    AnnouncedAdapters small =
        new AnnouncedAdapters(
            new ServingPlans(),
            "default"::equals,
            new SkippedAdapterRecords(meters, "adapters"),
            20_000);
    for (int version = 1; version <= 100; version++) {
      Release release = release(version);
      small.take(
          new ConsumerRecord<>(
              "adapters", 0, version, AdapterRecord.key(release), EventJson.write(release)));
    }
    assertThat(small.releases("default")).hasSizeBetween(5, 40);
    assertThat(skipped()).isEqualTo(100 - small.releases("default").size());
    Champion champion = new Champion("default", 1, "d", Instant.EPOCH);
    assertThat(
            small.take(
                new ConsumerRecord<>(
                    "adapters", 0, 200, AdapterRecord.key(champion), EventJson.write(champion))))
        .contains("default");
  }

  @Test
  void releasesAreFoundByAdapterAndVersionNewestFirst() {
    for (int version : new int[] {2, 1, 10, 3}) {
      Release release = release(version);
      announced.take(
          new ConsumerRecord<>(
              "adapters", 0, version, AdapterRecord.key(release), EventJson.write(release)));
    }
    announced.take(record("default@3", null));
    assertThat(announced.releases("default"))
        .extracting(Release::version)
        .containsExactly(10, 2, 1);
    assertThat(announced.release("default", 2)).isPresent();
    assertThat(announced.release("default", 3)).isEmpty();
    assertThat(announced.exists("default")).isTrue();
    assertThat(announced.exists("nobody")).isFalse();
    for (int version : new int[] {1, 2, 10}) {
      announced.take(record("default@" + version, null));
    }
    assertThat(announced.released()).isEmpty();
  }

  @Test
  void whatIsReadFromTheBeginningTakesEffectAtTheEndAndLeavesNothingOfBefore() {
    crown(5);
    pin(new Pin(3, "digest3", null));
    announced.beginReading();
    Champion other = new Champion("other", 1, "d", Instant.EPOCH);
    assertThat(announced.take(record("other", new String(EventJson.write(other), UTF_8))))
        .isEmpty();
    assertThat(announced.answering("default").orElseThrow().version()).isEqualTo(3);

    assertThat(announced.endReading()).containsExactly("default", "other");

    assertThat(announced.wanted("default", new TopicPlace(2, 0)).nothing()).isTrue();
    assertThat(announced.champion("other")).isPresent();
    assertThat(new TopicPlace(2, 0).after(new TopicPlace(1, 100))).isTrue();
  }

  @Test
  void emptyTopicInTheirPlaceTakesNobodyOutOfService() {
    crown(5);
    announced.beginReading();
    assertThat(announced.endReading()).isEmpty();
  }

  private static Release release(int version) {
    return new Release(
        "default",
        version,
        Release.State.PROMOTED,
        Method.HEAD_REFRESH,
        "digest" + version,
        "base",
        "base-digest",
        List.of("negative", "positive"),
        "batch",
        new Decision("fewer-errors", "better", 100, .9, .9, .3, null, null, null, 0, 0, 1),
        10,
        1.5,
        Instant.EPOCH,
        Instant.EPOCH,
        Instant.EPOCH,
        List.of("fp32"));
  }

  private double skipped() {
    return Stream.of("weir.records.skipped", "weir.inference.adapter.records.refused")
        .flatMap(meter -> meters.find(meter).counters().stream())
        .mapToDouble(Counter::count)
        .sum();
  }

  private static ConsumerRecord<byte[], byte[]> record(
      @Nullable String key, @Nullable String value) {
    return new ConsumerRecord<>(
        "adapters",
        0,
        7,
        key == null ? null : key.getBytes(UTF_8),
        value == null ? null : value.getBytes(UTF_8));
  }

  private void crown(int version) {
    Champion champion = new Champion("default", version, "digest" + version, Instant.EPOCH);
    take(AdapterRecord.key(champion), EventJson.write(champion));
  }

  private void pin(@Nullable Pin pin) {
    ServingPlan plan = ServingPlan.none("default").withPinned(pin);
    take(AdapterRecord.key(plan), EventJson.write(plan));
  }

  private void take(byte[] key, byte[] value) {
    assertThat(announced.take(new ConsumerRecord<>("adapters", 0, 0, key, value)))
        .contains("default");
  }
}
