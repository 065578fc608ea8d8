package dev.weir.inference.http.classify;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.EventReader;
import dev.weir.contract.event.Limits;
import dev.weir.contract.event.Parsed;
import dev.weir.contract.event.Parsed.Accepted;
import dev.weir.contract.event.Parsed.Rejected;
import dev.weir.contract.event.Review;
import dev.weir.contract.event.Surrogates;
import dev.weir.contract.fault.Digests;
import dev.weir.inference.http.web.BoundedParser.Lists;
import dev.weir.inference.http.web.Json;
import dev.weir.inference.http.web.Problem;
import dev.weir.inference.score.Explainer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The body of {@code POST /v1/classify}: one of {@code text}, {@code texts} and {@code reviews},
 * and an {@code adapter} for those that name none. Each text is held to the limits of the reviews
 * topic; one bad text refuses the whole request and is named by its index.
 *
 * @param reviews the reviews in the order of the body
 * @param ids their ids as given, null where none was
 * @param topK how many labels an answer names, or null for all of them
 * @param explain whether each answer is explained by word
 */
record ClassifyRequest(
    List<Review> reviews, List<@Nullable String> ids, @Nullable Integer topK, boolean explain) {

  /** Each explained text costs as much as {@link Explainer#MAX_SPANS} + 1 others. */
  static final int MAX_EXPLAINED = 16;

  private static final Lists LISTS = new Lists(Set.of("texts", "reviews"), 2);

  private static final List<String> FORMS = List.of("text", "texts", "reviews");

  /**
   * Reads a body.
   *
   * @throws Problem 400 for what is no JSON object, 422 for what it says
   */
  static ClassifyRequest parse(byte[] body) {
    ObjectNode root = Json.object(body, LISTS);
    List<String> given = FORMS.stream().filter(root::hasNonNull).toList();
    if (given.size() != 1) {
      throw new Problem(
          422,
          given.isEmpty() ? "missing-text" : "ambiguous-body",
          "the body has "
              + (given.isEmpty() ? "no text" : String.join(" and ", given))
              + "; send exactly one of \"text\": \"…\", \"texts\": [\"…\"], \"reviews\": [{\"id\":…,\"text\":…}]");
    }
    Integer topK = topK(root);
    boolean explain = explain(root);
    JsonNode adapter = root.get("adapter");
    requireName(adapter);
    List<ObjectNode> items = items(root, given.get(0));
    if (explain && items.size() > MAX_EXPLAINED) {
      throw new Problem(
          422,
          "too-many-explained",
          "the body asks to explain %d texts, at most %d are explained at once; send several requests"
              .formatted(items.size(), MAX_EXPLAINED));
    }
    List<Review> reviews = new ArrayList<>(items.size());
    List<@Nullable String> ids = new ArrayList<>(items.size());
    for (int i = 0; i < items.size(); i++) {
      ObjectNode item = items.get(i);
      try {
        requireName(item.get("adapter"));
      } catch (Problem e) {
        throw e.at(i);
      }
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
    return new ClassifyRequest(reviews, ids, topK, explain);
  }

  /** A number is no adapter's name, also where one could be made of it. */
  private static void requireName(@Nullable JsonNode adapter) {
    if (adapter == null || adapter.isNull()) {
      return;
    }
    if (!adapter.isTextual()) {
      throw new Problem(
          422, "wrong-type", "field 'adapter' is " + shown(adapter) + "; make it a string");
    }
    if (!Limits.ADAPTER_NAME.matcher(adapter.textValue()).matches()) {
      throw new Problem(
          422,
          "bad-adapter-name",
          "adapter name %s does not match %s"
              .formatted(shown(adapter), Limits.ADAPTER_NAME.pattern()));
    }
  }

  private static @Nullable Integer topK(ObjectNode root) {
    JsonNode given = root.get("topK");
    if (given == null || given.isNull()) {
      return null;
    }
    int whole = Json.integer(given).orElse(0);
    if (whole < 1) {
      throw new Problem(
          422,
          "bad-top-k",
          "field 'topK' is %s; make it a whole number from 1, or leave it out for all labels"
              .formatted(shown(given)));
    }
    return whole;
  }

  private static boolean explain(ObjectNode root) {
    JsonNode given = root.get("explain");
    if (given == null || given.isNull()) {
      return false;
    }
    if (!given.isBoolean()) {
      throw new Problem(
          422, "wrong-type", "field 'explain' is " + shown(given) + "; make it true or false");
    }
    return given.booleanValue();
  }

  private static String shown(JsonNode given) {
    String json = given.toString();
    return Surrogates.clip(json, 40) + (json.length() > 40 ? "…" : "");
  }

  private static List<ObjectNode> items(ObjectNode root, String form) {
    JsonNode value = root.get(form);
    if (form.equals("text")) {
      return List.of(item(value));
    }
    if (!(value instanceof ArrayNode array)) {
      throw new Problem(422, "wrong-type", "field '" + form + "' is no list; make it one");
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
