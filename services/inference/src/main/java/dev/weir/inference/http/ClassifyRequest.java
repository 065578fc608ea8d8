package dev.weir.inference.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.common.event.EventJson;
import dev.weir.common.event.EventReader;
import dev.weir.common.event.Parsed;
import dev.weir.common.event.Parsed.Accepted;
import dev.weir.common.event.Parsed.Rejected;
import dev.weir.common.event.Review;
import dev.weir.common.store.Digests;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The body of {@code POST /v1/classify}: one of {@code text}, {@code texts} and {@code reviews},
 * and an {@code adapter} for those that name none. Each text is held to the limits of the reviews
 * topic; one bad text refuses the whole request and is named by its index.
 *
 * @param reviews the reviews in the order of the body
 * @param ids their ids as given, null where none was
 */
record ClassifyRequest(List<Review> reviews, List<@Nullable String> ids) {

  static final int MAX_TEXTS = 1000;

  private static final List<String> FORMS = List.of("text", "texts", "reviews");

  /**
   * Reads a body.
   *
   * @throws Problem 400 for what is no JSON object, 422 for what it says
   */
  static ClassifyRequest parse(byte[] body) {
    ObjectNode root = Json.object(body);
    List<String> given = FORMS.stream().filter(root::hasNonNull).toList();
    if (given.size() != 1) {
      throw new Problem(
          422,
          given.isEmpty() ? "missing-text" : "ambiguous-body",
          "the body has "
              + (given.isEmpty() ? "no text" : String.join(" and ", given))
              + "; send exactly one of \"text\": \"…\", \"texts\": [\"…\"], \"reviews\": [{\"id\":…,\"text\":…}]");
    }
    JsonNode adapter = root.get("adapter");
    List<ObjectNode> items = items(root, given.get(0));
    List<Review> reviews = new ArrayList<>(items.size());
    List<@Nullable String> ids = new ArrayList<>(items.size());
    for (int i = 0; i < items.size(); i++) {
      ObjectNode item = items.get(i);
      if (!item.hasNonNull("adapter") && adapter != null) {
        item.set("adapter", adapter);
      }
      boolean named = item.hasNonNull("id");
      // Without an id the text decides who answers while a canary is on.
      byte[] text = item.path("text").asText().getBytes(StandardCharsets.UTF_8);
      byte[] placeholder =
          named ? new byte[0] : ("#" + Digests.sha256(text)).getBytes(StandardCharsets.UTF_8);
      Parsed<Review> parsed = EventReader.review(placeholder, item);
      if (parsed instanceof Rejected<Review> bad) {
        throw new Problem(422, bad.reason().code(), bad.message()).at(i);
      }
      Review review = ((Accepted<Review>) parsed).event();
      reviews.add(review);
      ids.add(named ? review.id() : null);
    }
    return new ClassifyRequest(reviews, ids);
  }

  private static List<ObjectNode> items(ObjectNode root, String form) {
    JsonNode value = root.get(form);
    if (form.equals("text")) {
      return List.of(item(value));
    }
    if (!(value instanceof ArrayNode array)) {
      throw new Problem(422, "wrong-type", "field '" + form + "' is no list; make it one");
    }
    if (array.size() > MAX_TEXTS) {
      throw new Problem(
          422,
          "too-many-texts",
          "the body has %d texts, at most %d are accepted; send several requests"
              .formatted(array.size(), MAX_TEXTS));
    }
    Stream<JsonNode> elements = array.valueStream();
    if (form.equals("texts")) {
      return elements.map(ClassifyRequest::item).toList();
    }
    List<ObjectNode> items = new ArrayList<>(array.size());
    for (JsonNode element : array) {
      if (!(element instanceof ObjectNode object)) {
        throw new Problem(
                422, "wrong-type", "an entry of 'reviews' is no object; send {\"id\":…,\"text\":…}")
            .at(items.size());
      }
      items.add(object);
    }
    return items;
  }

  private static ObjectNode item(JsonNode text) {
    ObjectNode item = EventJson.mapper().createObjectNode();
    item.set("text", text);
    return item;
  }
}
