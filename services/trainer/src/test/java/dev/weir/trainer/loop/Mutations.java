package dev.weir.trainer.loop;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.contract.event.EventJson;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;

/** Makes records that are nearly right out of one that is: the same ones for the same seed. */
final class Mutations {

  private static final List<String> WHOLE =
      List.of("", "null", "[]", "{}", "\"x\"", "17", "{", "[null]", "\u0000", "{\"a\":1}}");
  private static final List<String> VALUES =
      List.of(
          "null",
          "\"\"",
          "\" \"",
          "\"Bad Name!\"",
          "\"../../x\"",
          "\"\\u0000\\n\"",
          "-1",
          "1e400",
          "1e18",
          "2147483648",
          "-9223372036854775809",
          "true",
          "[]",
          "[null]",
          "[\"a\",\"a\"]",
          "{}",
          "\"+999999999-01-01T00:00:00Z\"");

  private final Random random;

  Mutations(Random random) {
    this.random = random;
  }

  /**
   * Mutants of a JSON object, none of which is fit for use.
   *
   * @param spoiled fields of which each mutant that is an object has a bad one, so that it cannot
   *     pass for a record; none to leave that to chance
   */
  List<byte[]> of(byte[] json, int count, String... spoiled) throws IOException {
    List<byte[]> mutants = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      if (i < WHOLE.size()) {
        mutants.add(WHOLE.get(i).getBytes(UTF_8));
      } else if (i % 10 == 9) {
        mutants.add(Arrays.copyOf(json, random.nextInt(json.length)));
      } else if (i % 10 == 8) {
        mutants.add(("{\"a\":" + "[".repeat(5000)).getBytes(UTF_8));
      } else {
        ObjectNode object = (ObjectNode) EventJson.mapper().readTree(json);
        mutate(object, Set.of());
        if (spoiled.length > 0) {
          spoil(object, spoiled[random.nextInt(spoiled.length)]);
        }
        mutants.add(EventJson.mapper().writeValueAsBytes(object));
      }
    }
    return mutants;
  }

  private void spoil(ObjectNode object, String field) throws IOException {
    object.set(field, EventJson.mapper().readTree(random.nextBoolean() ? "null" : "\" \""));
  }

  private void mutate(ObjectNode object, Set<String> not) throws IOException {
    List<String> names = new ArrayList<>();
    object.fieldNames().forEachRemaining(names::add);
    names.removeAll(not);
    if (names.isEmpty()) {
      return;
    }
    String name = names.get(random.nextInt(names.size()));
    JsonNode child = object.get(name);
    if (child instanceof ObjectNode inner && random.nextBoolean()) {
      mutate(inner, not);
    } else if (child instanceof ArrayNode array && !array.isEmpty() && random.nextBoolean()) {
      array.set(random.nextInt(array.size()), value());
    } else if (random.nextInt(4) == 0) {
      object.remove(name);
    } else {
      object.set(name, value());
    }
  }

  private JsonNode value() throws IOException {
    return EventJson.mapper().readTree(VALUES.get(random.nextInt(VALUES.size())));
  }
}
