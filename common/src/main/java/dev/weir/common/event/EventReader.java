package dev.weir.common.event;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.common.event.Parsed.Accepted;
import dev.weir.common.event.Parsed.Reason;
import dev.weir.common.event.Parsed.Rejected;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads the records that others produce, reviews and feedback, and says of a bad one what is wrong.
 *
 * <p>A lone surrogate in a string becomes U+FFFD ({@link Surrogates}). Stateless and thread-safe;
 * never throws on any bytes.
 */
public final class EventReader {

  private EventReader() {}

  /** Reads a review; the record's key stands in for a missing {@code id}. */
  public static Parsed<Review> review(byte @Nullable [] key, byte @Nullable [] value) {
    Parsed<ObjectNode> object = object(value);
    if (object instanceof Rejected<ObjectNode> bad) {
      return new Rejected<>(bad.reason(), bad.message());
    }
    return review(key, ((Accepted<ObjectNode>) object).event());
  }

  /** The same for a value that is parsed already, such as one of several in a request. */
  public static Parsed<Review> review(byte @Nullable [] key, ObjectNode json) {
    try {
      String id = string(json, "id");
      if (id == null || id.isBlank()) {
        id = key == null ? null : new String(key, StandardCharsets.UTF_8);
      }
      if (id == null || id.isBlank()) {
        return new Rejected<>(
            Reason.MISSING_ID, "the review has no id; set the field 'id' or the record's key");
      }
      String text = string(json, "text");
      if (text == null) {
        return new Rejected<>(
            Reason.MISSING_TEXT, "review " + shown(id) + " has no text; set the field 'text'");
      }
      String adapter = string(json, "adapter");
      Review review =
          new Review(
              id,
              text,
              adapter == null ? Limits.DEFAULT_ADAPTER : adapter,
              time(json),
              attributes(json));
      Rejected<Review> bad = check(review);
      return bad != null ? bad : new Accepted<>(review);
    } catch (WrongType e) {
      return new Rejected<>(Reason.WRONG_TYPE, e.problem);
    }
  }

  /**
   * Reads feedback as far as it can be judged alone: fields, types and lengths, one opinion.
   * Whether label, adapter and review are known is for curation to say.
   */
  public static Parsed<Feedback> feedback(byte @Nullable [] key, byte @Nullable [] value) {
    Parsed<ObjectNode> object = object(value);
    if (object instanceof Rejected<ObjectNode> bad) {
      return new Rejected<>(bad.reason(), bad.message());
    }
    ObjectNode json = ((Accepted<ObjectNode>) object).event();
    try {
      String reviewId = string(json, "reviewId");
      String text = string(json, "text");
      if ((reviewId == null || reviewId.isBlank()) && text == null && key != null) {
        reviewId = new String(key, StandardCharsets.UTF_8);
      }
      Feedback feedback =
          new Feedback(
              string(json, "id"),
              reviewId == null || reviewId.isBlank() ? null : reviewId,
              string(json, "adapter"),
              string(json, "label"),
              verdict(json),
              number(json, "stars"),
              text,
              string(json, "source"),
              time(json));
      Rejected<Feedback> bad = check(feedback);
      return bad != null ? bad : new Accepted<>(feedback);
    } catch (WrongType e) {
      return new Rejected<>(Reason.WRONG_TYPE, e.problem);
    }
  }

  private static @Nullable Rejected<Review> check(Review review) {
    Rejected<Review> bad = checkId(review.id());
    if (bad == null) {
      bad = checkText(review.text());
    }
    if (bad == null) {
      bad = checkAdapter(review.adapter());
    }
    return bad;
  }

  private static @Nullable Rejected<Feedback> check(Feedback feedback) {
    Rejected<Feedback> bad = null;
    if (feedback.text() == null && feedback.reviewId() == null) {
      return new Rejected<>(
          Reason.MISSING_TEXT,
          "the feedback has neither 'text' nor 'reviewId', and its record has no key; set one");
    }
    if (feedback.reviewId() != null) {
      bad = checkId(feedback.reviewId());
    }
    if (bad == null && feedback.text() != null) {
      bad = checkText(feedback.text());
    }
    if (bad == null && feedback.adapter() != null) {
      bad = checkAdapter(feedback.adapter());
    }
    if (bad == null && feedback.source() != null) {
      bad = checkLength(feedback.source(), Limits.SOURCE_CHARACTERS, Reason.SOURCE_TOO_LONG);
    }
    if (bad != null) {
      return bad;
    }
    int opinions =
        (feedback.label() != null ? 1 : 0)
            + (feedback.verdict() != null ? 1 : 0)
            + (feedback.stars() != null ? 1 : 0);
    if (opinions == 0) {
      return new Rejected<>(
          Reason.MISSING_LABEL, "the feedback has no opinion; set 'label', 'verdict' or 'stars'");
    }
    if (opinions > 1) {
      return new Rejected<>(
          Reason.AMBIGUOUS_LABEL,
          "the feedback has " + opinions + " opinions; set one of 'label', 'verdict', 'stars'");
    }
    return null;
  }

  private static <T> @Nullable Rejected<T> checkId(String id) {
    return checkLength(id, Limits.ID_CHARACTERS, Reason.ID_TOO_LONG);
  }

  private static <T> @Nullable Rejected<T> checkText(String text) {
    if (text.codePoints().noneMatch(EventReader::visible)) {
      return new Rejected<>(
          Reason.EMPTY_TEXT, "the text has no visible character; leave such records out");
    }
    return checkLength(text, Limits.TEXT_CHARACTERS, Reason.TEXT_TOO_LONG);
  }

  private static <T> @Nullable Rejected<T> checkAdapter(String adapter) {
    if (Limits.ADAPTER_NAME.matcher(adapter).matches()) {
      return null;
    }
    return new Rejected<>(
        Reason.BAD_ADAPTER_NAME,
        "adapter name " + shown(adapter) + " does not match " + Limits.ADAPTER_NAME.pattern());
  }

  private static <T> @Nullable Rejected<T> checkLength(String value, int limit, Reason reason) {
    if (value.length() <= limit) {
      return null;
    }
    return new Rejected<>(
        reason,
        "%s: %d characters, at most %d are accepted; shorten it before producing"
            .formatted(reason.code(), value.length(), limit));
  }

  private static boolean visible(int codePoint) {
    return !Character.isWhitespace(codePoint)
        && !Character.isSpaceChar(codePoint)
        && !Character.isISOControl(codePoint)
        && Character.getType(codePoint) != Character.FORMAT;
  }

  private static Parsed<ObjectNode> object(byte @Nullable [] value) {
    if (value == null) {
      return new Rejected<>(
          Reason.NULL_VALUE, "the record has no value; produce a JSON object in UTF-8");
    }
    try {
      JsonNode node = EventJson.mapper().readTree(value);
      if (node instanceof ObjectNode object) {
        return new Accepted<>(object);
      }
      return new Rejected<>(
          Reason.MALFORMED_JSON, "the value is not a JSON object; produce {\"id\":…,\"text\":…}");
    } catch (JsonProcessingException e) {
      return new Rejected<>(
          Reason.MALFORMED_JSON, "the value is not JSON in UTF-8: " + e.getOriginalMessage());
    } catch (IOException e) {
      return new Rejected<>(
          Reason.MALFORMED_JSON, "the value is not JSON in UTF-8: " + e.getMessage());
    }
  }

  private static @Nullable String string(ObjectNode json, String field) throws WrongType {
    JsonNode node = json.get(field);
    if (node == null || node.isNull()) {
      return null;
    }
    if (node.isTextual()) {
      return Surrogates.replaceLone(node.textValue());
    }
    if (node.isNumber() || node.isBoolean()) {
      return node.asText();
    }
    throw new WrongType("field '" + field + "' is a JSON " + kind(node) + "; make it a string");
  }

  private static @Nullable Double number(ObjectNode json, String field) throws WrongType {
    JsonNode node = json.get(field);
    if (node == null || node.isNull()) {
      return null;
    }
    if (node.isNumber()) {
      return node.doubleValue();
    }
    if (node.isTextual()) {
      try {
        return Double.valueOf(node.textValue().strip());
      } catch (NumberFormatException e) {
        // Named below, with the remedy.
      }
    }
    throw new WrongType("field '" + field + "' is not a number; make it one");
  }

  private static Feedback.@Nullable Verdict verdict(ObjectNode json) throws WrongType {
    String verdict = string(json, "verdict");
    if (verdict == null) {
      return null;
    }
    for (Feedback.Verdict known : Feedback.Verdict.values()) {
      if (known.name().equalsIgnoreCase(verdict.strip())) {
        return known;
      }
    }
    throw new WrongType("verdict " + shown(verdict) + " is neither 'agree' nor 'disagree'");
  }

  private static @Nullable Instant time(ObjectNode json) throws WrongType {
    JsonNode node = json.get("timestamp");
    if (node == null || node.isNull()) {
      return null;
    }
    try {
      return EventJson.mapper().treeToValue(node, Instant.class);
    } catch (JacksonException e) {
      throw new WrongType(
          "field 'timestamp' is neither ISO-8601 text nor epoch milliseconds: "
              + shown(node.asText()));
    }
  }

  private static Map<String, JsonNode> attributes(ObjectNode json) throws WrongType {
    JsonNode node = json.get("attributes");
    if (node == null || node.isNull()) {
      return Map.of();
    }
    if (!(node instanceof ObjectNode)) {
      throw new WrongType("field 'attributes' is a JSON " + kind(node) + "; make it an object");
    }
    Map<String, JsonNode> attributes = new HashMap<>();
    node.properties().forEach(entry -> attributes.put(entry.getKey(), entry.getValue()));
    return attributes;
  }

  private static String kind(JsonNode node) {
    return node.getNodeType().name().toLowerCase(java.util.Locale.ROOT);
  }

  private static String shown(String value) {
    return "'" + Surrogates.clip(value, 64) + (value.length() > 64 ? "…'" : "'");
  }

  private static final class WrongType extends Exception {
    private static final long serialVersionUID = 1L;
    private final String problem;

    WrongType(String problem) {
      super(problem);
      this.problem = problem;
    }
  }
}
