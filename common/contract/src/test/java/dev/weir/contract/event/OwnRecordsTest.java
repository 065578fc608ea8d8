package dev.weir.contract.event;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.contract.event.Parsed.Reason;
import dev.weir.contract.event.Parsed.Rejected;
import dev.weir.contract.release.AdapterRecord;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What stands on Weir's own topics is read whole or refused with a reason, whatever it is. */
class OwnRecordsTest {

  private static final String HASH = "ab".repeat(32);

  private static final List<String> HOSTILE =
      List.of(
          "null",
          "true",
          "-1",
          "0",
          "1e400",
          "1e999999999",
          "\"\"",
          "\" \"",
          "\"../../x\"",
          "\"Bad Name!\"",
          "\"a\\u0000b\"",
          "\"-1000000000-01-01T00:00:00Z\"",
          "-1e17",
          "[]",
          "[null]",
          "{}",
          "{\"a\":null}",
          "[[[[[[]]]]]]");

  enum Kind {
    EXAMPLE(
        "topic/" + HASH,
        "{'adapter':'topic','textHash':'"
            + HASH
            + "','text':'t','label':'a','split':'train',"
            + "'batchId':'topic-000001','reviewId':'r','source':'s','feedbackAt':'2024-05-01T10:00:00Z',"
            + "'feedback':{'topic':'feedback','partition':0,'offset':3}}",
        Example::read),
    BATCH(
        "topic",
        "{'id':'topic-000001','adapter':'topic','sequence':1,'labels':['a','b'],"
            + "'counts':{'train':{'a':1},'holdout':{'b':2}},'size':3,'closedBy':'count',"
            + "'firstFeedbackAt':'2024-05-01T10:00:00Z','lastFeedbackAt':'2024-05-01T10:00:00Z',"
            + "'openedAt':'2024-05-01T10:00:00Z','closedAt':'2024-05-01T10:00:00Z',"
            + "'input':[{'topic':'feedback','partition':0,'firstOffset':1,'lastOffset':3}]}",
        TrainingBatch::read),
    CLASSIFICATION(
        "r",
        "{'reviewId':'r','adapter':'topic','version':1,'adapterDigest':'d','baseDigest':'b',"
            + "'label':'a','scores':{'a':0.9,'b':0.1},'abstained':false,"
            + "'input':{'topic':'reviews','partition':0,'offset':3},'latencyMs':1.5,"
            + "'timestamp':'2024-05-01T10:00:00Z'}",
        (key, value) -> Classification.read(value)),
    LABEL_REQUEST(
        "r",
        "{'reviewId':'r','adapter':'topic','version':1,'text':'t','reason':'low_margin',"
            + "'margin':0.1,'timestamp':'2024-05-01T10:00:00Z'}",
        (key, value) -> LabelRequest.read(value)),
    TRAINING_EVENT(
        "topic",
        "{'adapter':'topic','batchId':'topic-000001','phase':'progress','message':'m',"
            + "'timestamp':'2024-05-01T10:00:00Z'}",
        (key, value) -> TrainingEvent.read(value)),
    RELEASE(
        "topic@2",
        "{'adapter':'topic','version':2,'state':'promoted','method':'lora','digest':'"
            + HASH
            + "','baseModel':'b','baseDigest':'b','labels':['a','b'],'batchId':'topic-000001',"
            + "'decision':{'reason':'fewer-errors','message':'m','holdoutRows':3,'accuracy':0.5,"
            + "'macroF1':0.5,'logLoss':0.5,'onlyChallengerRight':1,'onlyChampionRight':0,'pValue':1,"
            + "'slices':[{'by':'label','value':'a','rows':1,'accuracy':0.5}]},"
            + "'trainingExamples':3,'trainingSeconds':1.5,'lastFeedbackAt':'2024-05-01T10:00:00Z',"
            + "'batchClosedAt':'2024-05-01T10:00:00Z','createdAt':'2024-05-01T10:00:00Z',"
            + "'precisions':['fp32'],'heldBy':1}",
        AdapterRecord::parse),
    CHAMPION(
        "topic",
        "{'adapter':'topic','version':2,'digest':'"
            + HASH
            + "','since':'2024-05-01T10:00:00Z',"
            + "'servedBefore':[1]}",
        AdapterRecord::parse),
    PLAN(
        "topic#plan",
        "{'adapter':'topic','pinned':{'version':1,'digest':'"
            + HASH
            + "','rolledBackFrom':2},"
            + "'canary':{'version':2,'digest':'"
            + HASH
            + "','share':0.1},"
            + "'shadow':{'version':3,'digest':'"
            + HASH
            + "'},'abstainBelow':0.5,"
            + "'since':'2024-05-01T10:00:00Z'}",
        AdapterRecord::parse);

    private final String key;
    private final String json;

    @SuppressWarnings("ImmutableEnumChecker") // method references without state
    private final Reader reader;

    Kind(String key, String json, Reader reader) {
      this.key = key;
      this.json = json.replace('\'', '"');
      this.reader = reader;
    }

    Parsed<?> read(String withKey, String value) {
      return reader.read(withKey.getBytes(UTF_8), value.getBytes(UTF_8));
    }

    boolean keyed() {
      return this != CLASSIFICATION && this != LABEL_REQUEST && this != TRAINING_EVENT;
    }
  }

  private interface Reader {
    Parsed<?> read(byte @Nullable [] key, byte @Nullable [] value);
  }

  @ParameterizedTest
  @EnumSource
  void readsAValidRecord(Kind kind) {
    assertThat(kind.read(kind.key, kind.json).accepted()).isPresent();
  }

  @ParameterizedTest
  @EnumSource
  void tombstonesNullsAndOtherTextsHaveAReason(Kind kind) {
    assertThat(reason(kind.reader.read(kind.key.getBytes(UTF_8), null)))
        .isEqualTo(Reason.NULL_VALUE);
    assertThat(reason(kind.read(kind.key, "null"))).isEqualTo(Reason.INVALID_VALUE);
    assertThat(reason(kind.read(kind.key, "{"))).isEqualTo(Reason.MALFORMED_JSON);
    assertThat(reason(kind.read(kind.key, "{}"))).isEqualTo(Reason.INVALID_VALUE);
    assertThat(reason(kind.read(kind.key, "{\"x\":" + "[".repeat(5000))))
        .isEqualTo(Reason.MALFORMED_JSON);
  }

  /** Every part of every record, replaced by each hostile value, and left out. */
  @ParameterizedTest
  @EnumSource
  void whateverStandsInAFieldIsReadOrRefused(Kind kind) throws Exception {
    JsonNode whole = EventJson.mapper().readTree(kind.json);
    for (Function<JsonNode, @Nullable JsonNode> change : changes()) {
      for (JsonNode mutant : mutants(whole, change)) {
        Parsed<?> parsed = kind.read(kind.key, mutant.toString());
        if (parsed instanceof Rejected<?> bad) {
          assertThat(bad.reason())
              .as(mutant + ": " + bad.message())
              .isNotEqualTo(Reason.INTERNAL_ERROR);
          assertThat(bad.message()).isNotBlank();
        } else {
          String again = new String(EventJson.write(parsed.accepted().orElseThrow()), UTF_8);
          String written =
              again.startsWith("{\"release\"")
                      || again.startsWith("{\"champion\"")
                      || again.startsWith("{\"plan\"")
                  ? EventJson.mapper().readTree(again).elements().next().toString()
                  : again;
          assertThat(kind.read(kind.key, written)).isEqualTo(parsed);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void aKeyThatNamesAnotherThingIsRefused(Kind kind) {
    if (!kind.keyed()) {
      return;
    }
    for (String other :
        List.of("other", "other@2", "topic@3", "topic@1", "other#plan", "other/" + HASH, "")) {
      assertThat(kind.read(other, kind.json).accepted()).as(other).isEmpty();
    }
    assertThat(kind.reader.read(null, kind.json.getBytes(UTF_8)).accepted()).isEmpty();
    assertThat(kind.reader.read(new byte[] {(byte) 0xff}, kind.json.getBytes(UTF_8)).accepted())
        .isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void namesThatAreNoAdaptersAreRefused(Kind kind) {
    for (String name : List.of("../../x", "Bad Name!", "..", "a/b", "", "a".repeat(64))) {
      String json = kind.json.replace("\"adapter\":\"topic\"", "\"adapter\":\"" + name + "\"");
      String key = kind.key.replace("topic", name);
      assertThat(reason(kind.read(key, json))).isIn(Reason.INVALID_VALUE, Reason.KEY_MISMATCH);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"../../x#plan", "#plan", "Bad Name!#plan", "topic", "topic@1"})
  void keysOfOtherRecordsNameNoPlannedAdapter(String key) {
    assertThat(AdapterRecord.plannedAdapter(key.getBytes(UTF_8))).isEmpty();
  }

  @Test
  void digestsThatWouldLeaveTheirDirectoryAreRefused() {
    for (Kind kind : List.of(Kind.RELEASE, Kind.CHAMPION, Kind.PLAN)) {
      String json = kind.json.replace("\"" + HASH + "\"", "\"../../x\"");
      assertThat(reason(kind.read(kind.key, json))).isEqualTo(Reason.INVALID_VALUE);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {Integer.MIN_VALUE, -1, 0, 1_000_000_001, Integer.MAX_VALUE})
  void versionsThatLeaveNoNextOneAreRefused(int version) {
    String release =
        Kind.RELEASE.json.replace(
            "\"version\":2,\"state\"", "\"version\":" + version + ",\"state\"");
    assertThat(reason(Kind.RELEASE.read("topic@" + version, release)))
        .isEqualTo(Reason.INVALID_VALUE);
    String champion = Kind.CHAMPION.json.replace("\"version\":2", "\"version\":" + version);
    assertThat(reason(Kind.CHAMPION.read("topic", champion))).isEqualTo(Reason.INVALID_VALUE);
  }

  @Test
  void theReaderOfWholeEventsRefusesNullAtAnyDepth() {
    assertThatThrownBy(() -> EventJson.read("null".getBytes(UTF_8), Example.class))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining("null");
    String json = Kind.RELEASE.json.replace("\"by\":\"label\",", "");
    assertThatThrownBy(
            () -> EventJson.read(json.getBytes(UTF_8), dev.weir.contract.release.Release.class))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining("decision.slices[0].by");
  }

  private static Reason reason(Parsed<?> parsed) {
    return ((Rejected<?>) parsed).reason();
  }

  private static List<Function<JsonNode, @Nullable JsonNode>> changes() throws Exception {
    List<Function<JsonNode, @Nullable JsonNode>> changes = new ArrayList<>();
    changes.add(any -> null);
    for (String hostile : HOSTILE) {
      JsonNode value = EventJson.mapper().readTree(hostile);
      changes.add(any -> value);
    }
    return changes;
  }

  /** One copy for each part, in which this part is changed. */
  private static List<JsonNode> mutants(
      JsonNode node, Function<JsonNode, @Nullable JsonNode> change) {
    List<JsonNode> mutants = new ArrayList<>();
    if (node instanceof ObjectNode object) {
      object
          .properties()
          .forEach(
              field -> {
                ObjectNode copy = object.deepCopy();
                JsonNode other = change.apply(field.getValue());
                if (other == null) {
                  copy.remove(field.getKey());
                } else {
                  copy.set(field.getKey(), other);
                }
                mutants.add(copy);
                mutants(field.getValue(), change)
                    .forEach(deeper -> mutants.add(object.deepCopy().set(field.getKey(), deeper)));
              });
    } else if (node instanceof ArrayNode array) {
      for (int i = 0; i < array.size(); i++) {
        ArrayNode copy = array.deepCopy();
        JsonNode other = change.apply(array.get(i));
        if (other == null) {
          copy.remove(i);
        } else {
          copy.set(i, other);
        }
        mutants.add(copy);
        int index = i;
        mutants(array.get(i), change)
            .forEach(
                deeper -> {
                  ArrayNode outer = array.deepCopy();
                  outer.set(index, deeper);
                  mutants.add(outer);
                });
      }
    }
    return mutants;
  }
}
