package dev.weir.inference.http.classify;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.EventReader;
import dev.weir.contract.event.Parsed;
import dev.weir.contract.event.Parsed.Accepted;
import dev.weir.contract.event.Parsed.Rejected;
import dev.weir.contract.event.Review;
import dev.weir.inference.http.web.BoundedParser.Lists;
import dev.weir.inference.http.web.Json;
import dev.weir.inference.http.web.Problem;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The body of an Open Inference Protocol inference: one input {@code text} of datatype BYTES and
 * shape [n] or [n, 1].
 *
 * @param id the request's id, null where none is given
 * @param reviews the texts, each held to the limits of the reviews topic
 * @param shape the input's shape, which is also that of the output {@code label}
 * @param outputs names of the outputs asked for; all of them when none is named
 */
record InferRequest(
    @Nullable String id, List<Review> reviews, List<Integer> shape, Set<String> outputs) {

  static final String INPUT = "text";
  static final String LABEL = "label";
  static final String PROBABILITIES = "probabilities";
  static final String LABELS = "labels";

  private static final Lists LISTS = new Lists(Set.of("data"), 4);

  private static final List<String> OUTPUTS = List.of(LABEL, PROBABILITIES, LABELS);

  /**
   * Reads a body.
   *
   * @param adapter the model that is asked
   * @throws Problem 400
   */
  static InferRequest parse(byte[] body, String adapter) {
    ObjectNode root = Json.object(body, LISTS);
    JsonNode input = input(root);
    String datatype = input.path("datatype").asText();
    if (!datatype.equals("BYTES")) {
      throw bad("datatype", "input 'text' has datatype '" + datatype + "'; it is BYTES");
    }
    if (input.path("parameters").has("binary_data_size")) {
      throw binary();
    }
    if (!(input.get("data") instanceof ArrayNode data)) {
      throw bad(
          "data",
          "input 'text' has no 'data' in JSON; send its strings as an array, binary tensors are not"
              + " taken");
    }
    List<JsonNode> texts = new ArrayList<>();
    flatten(data, texts);
    List<Integer> shape = shape(input, texts.size());
    List<Review> reviews = new ArrayList<>(texts.size());
    for (JsonNode text : texts) {
      reviews.add(review(text, adapter, reviews.size()));
    }
    JsonNode id = root.get("id");
    if (id != null && !id.isNull() && !id.isTextual()) {
      throw bad("id", "'id' is no string; make it one, or leave it out");
    }
    return new InferRequest(
        id == null ? null : id.textValue(), reviews, shape, outputs(root.get("outputs")));
  }

  private static JsonNode input(ObjectNode root) {
    if (!(root.get("inputs") instanceof ArrayNode inputs)
        || inputs.size() != 1
        || !inputs.get(0).path("name").asText().equals(INPUT)) {
      throw bad(
          "inputs",
          "'inputs' is not one input named 'text'; send {\"inputs\":[{\"name\":\"text\",\"shape\":[1],"
              + "\"datatype\":\"BYTES\",\"data\":[\"…\"]}]}");
    }
    return inputs.get(0);
  }

  /** Nested arrays are accepted as the protocol has it: in row-major order. */
  private static void flatten(ArrayNode data, List<JsonNode> texts) {
    for (JsonNode element : data) {
      if (element instanceof ArrayNode inner && inner.size() == 1) {
        texts.add(inner.get(0));
      } else {
        texts.add(element);
      }
    }
  }

  private static List<Integer> shape(JsonNode input, int texts) {
    List<Integer> shape = new ArrayList<>();
    for (JsonNode dimension : input.path("shape")) {
      shape.add(Json.integer(dimension).orElse(-1));
    }
    boolean column = shape.size() == 2 && shape.get(1) == 1;
    if (!(shape.size() == 1 || column) || shape.get(0) != texts) {
      throw bad(
          "shape",
          "input 'text' has shape %s and %d texts; the shape is [n] or [n, 1] for n texts"
              .formatted(input.path("shape"), texts));
    }
    return shape;
  }

  private static Review review(JsonNode text, String adapter, int index) {
    if (!text.isTextual()) {
      throw bad("data", "element " + index + " of input 'text' is no string; make it one");
    }
    ObjectNode item = EventJson.mapper().createObjectNode();
    item.set("text", text);
    item.put("adapter", adapter);
    Parsed<Review> parsed =
        EventReader.review(("#" + index).getBytes(StandardCharsets.UTF_8), item);
    if (parsed instanceof Rejected<Review> rejected) {
      throw bad(
          rejected.reason().code(), "element " + index + " of input 'text': " + rejected.message());
    }
    Review review = ((Accepted<Review>) parsed).event();
    // Without an id: all outputs are of one version, and a canary is for a share of the ids.
    return new Review("", review.text(), review.adapter(), review.timestamp(), review.attributes());
  }

  /** What the usual client sends by default, with the switch that makes it send JSON. */
  static Problem binary() {
    return bad(
        "binary-tensors",
        "binary tensors are not taken here; send JSON (tritonclient: set_data_from_numpy(…,"
            + " binary_data=False) and InferRequestedOutput(…, binary_data=False))");
  }

  private static Set<String> outputs(@Nullable JsonNode outputs) {
    Set<String> names = new LinkedHashSet<>();
    if (outputs == null || outputs.isNull()) {
      return new LinkedHashSet<>(OUTPUTS);
    }
    if (!(outputs instanceof ArrayNode)) {
      throw bad("outputs", "'outputs' is no list; make it one, or leave it out");
    }
    for (JsonNode output : outputs) {
      names.add(output.path("name").asText());
      if (output.path("parameters").has("classification")) {
        throw bad(
            "classification",
            "the k best classes (class_count, 'classification') are not offered; ask for the outputs"
                + " 'probabilities' and 'labels' and sort them");
      }
    }
    if (!OUTPUTS.containsAll(names)) {
      throw bad("outputs", "outputs " + names + " are asked for, there are " + OUTPUTS);
    }
    return names.isEmpty() ? new LinkedHashSet<>(OUTPUTS) : names;
  }

  private static Problem bad(String code, String detail) {
    return new Problem(400, code, detail);
  }
}
