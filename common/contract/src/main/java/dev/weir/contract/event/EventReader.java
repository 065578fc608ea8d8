package dev.weir.contract.event;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.contract.event.EventTimes.NotATime;
import dev.weir.contract.event.Parsed.Accepted;
import dev.weir.contract.event.Parsed.Reason;
import dev.weir.contract.event.Parsed.Rejected;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Reads the records that others produce, reviews and feedback, and says of a bad one what is wrong.
 *
 * <p>A lone surrogate in a text becomes U+FFFD ({@link Surrogates}); an id or key that holds one,
 * or U+FFFD itself, is not readable, for it would stand for others as well. Times are read by the
 * rule of {@link EventTimes}. Stateless and thread-safe; never throws on any bytes or any tree.
 */
public final class EventReader {

  private static final char REPLACEMENT = '\uFFFD';

  /** Longest text that is read as a number. */
  private static final int NUMBER_CHARACTERS = 64;

  private EventReader() {}

  /**
   * Reads a review. Its id is the field {@code id}, else the record's key, else the record's
   * position, such as {@code reviews-3@17}.
   */
  public static Parsed<Review> review(
      byte @Nullable [] key, byte @Nullable [] value, InputPosition at) {
    return review(value, () -> idOf(key).or(() -> Optional.of(at.toString())));
  }

  /** Reads a review that has no position yet; the key stands in for a missing {@code id}. */
  public static Parsed<Review> review(byte @Nullable [] key, byte @Nullable [] value) {
    return review(value, () -> idOf(key));
  }

  /** The same for a value that is parsed already, such as one of several in a request. */
  public static Parsed<Review> review(byte @Nullable [] key, ObjectNode json) {
    return review(json, () -> idOf(key));
  }

  private static Parsed<Review> review(
      byte @Nullable [] value, Supplier<Optional<String>> otherId) {
    Parsed<ObjectNode> object = object(value);
    if (object instanceof Rejected<ObjectNode> bad) {
      return bad.as();
    }
    return review(((Accepted<ObjectNode>) object).event(), otherId);
  }

  private static Parsed<Review> review(ObjectNode json, Supplier<Optional<String>> otherId) {
    try {
      String id = id(json, "id").or(otherId).orElse(null);
      if (id == null) {
        return new Rejected<>(
            Reason.MISSING_ID,
            "the review has no id that can be read; set the field 'id' or the record's key");
      }
      String text = string(json, "text");
      if (text == null) {
        return new Rejected<>(
            Reason.MISSING_TEXT, "review " + Shown.of(id) + " has no text; set the field 'text'");
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
    } catch (RuntimeException e) {
      return Rejected.internalError(e);
    }
  }

  /**
   * Reads feedback as far as it can be judged alone: fields, types and lengths, one opinion.
   * Whether label, adapter and review are known is for curation to say. A key that is not readable
   * text names no review.
   */
  public static Parsed<Feedback> feedback(byte @Nullable [] key, byte @Nullable [] value) {
    Parsed<ObjectNode> object = object(value);
    if (object instanceof Rejected<ObjectNode> bad) {
      return bad.as();
    }
    ObjectNode json = ((Accepted<ObjectNode>) object).event();
    try {
      String text = string(json, "text");
      String reviewId = id(json, "reviewId").orElse(null);
      if (reviewId == null && text == null) {
        reviewId = idOf(key).orElse(null);
      }
      Feedback feedback =
          new Feedback(
              string(json, "id"),
              reviewId,
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
    } catch (RuntimeException e) {
      return Rejected.internalError(e);
    }
  }

  private static Optional<String> id(ObjectNode json, String field) throws WrongType {
    return Optional.ofNullable(string(json, field)).filter(EventReader::readable);
  }

  /** A key as an id: serialised numbers are sometimes UTF-8 by chance, then with controls. */
  private static Optional<String> idOf(byte @Nullable [] key) {
    return Utf8.read(key)
        .filter(EventReader::readable)
        .filter(id -> id.chars().noneMatch(Character::isISOControl));
  }

  private static boolean readable(String id) {
    return !id.isBlank() && id.indexOf(REPLACEMENT) < 0;
  }

  private static @Nullable Rejected<Review> check(Review review) {
    Rejected<Review> bad = checkId(review.id());
    if (bad == null) {
      bad = checkText(review.text());
    }
    if (bad == null) {
      bad = checkAdapter(review.adapter());
    }
    if (bad == null) {
      bad = checkAttributes(review.attributes());
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
    if (bad == null && feedback.id() != null) {
      bad = checkId(feedback.id());
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
        "adapter name " + Shown.of(adapter) + " does not match " + Limits.ADAPTER_NAME.pattern());
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

  private static <T> @Nullable Rejected<T> checkAttributes(Map<String, JsonNode> attributes) {
    long size = 0;
    Deque<JsonNode> open = new ArrayDeque<>();
    for (Map.Entry<String, JsonNode> attribute : attributes.entrySet()) {
      size += attribute.getKey().length();
      open.add(attribute.getValue());
    }
    for (JsonNode node = open.poll(); node != null; node = open.poll()) {
      size += 8;
      if (node.isTextual()) {
        size += node.textValue().length();
      } else if (node instanceof ObjectNode object) {
        for (Map.Entry<String, JsonNode> field : object.properties()) {
          size += field.getKey().length();
          open.add(field.getValue());
        }
      } else {
        node.forEach(open::add);
      }
    }
    if (size <= Limits.ATTRIBUTE_CHARACTERS) {
      return null;
    }
    return new Rejected<>(
        Reason.ATTRIBUTES_TOO_LARGE,
        "the attributes hold %d characters, at most %d are accepted; keep a reference instead"
            .formatted(size, Limits.ATTRIBUTE_CHARACTERS));
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
          Reason.MALFORMED_JSON,
          "the value is not JSON in UTF-8: " + Shown.said(e.getOriginalMessage()));
    } catch (IOException e) {
      return new Rejected<>(
          Reason.MALFORMED_JSON, "the value is not JSON in UTF-8: " + Shown.said(e.toString()));
    } catch (RuntimeException e) {
      return Rejected.internalError(e);
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
    if (node.isNumber() && Double.isFinite(node.doubleValue())) {
      return node.asText();
    }
    throw new WrongType("field '" + field + "' is " + kind(node) + "; make it a string");
  }

  private static @Nullable Double number(ObjectNode json, String field) throws WrongType {
    JsonNode node = json.get(field);
    if (node == null || node.isNull()) {
      return null;
    }
    Double number = null;
    if (node.isNumber()) {
      number = node.doubleValue();
    } else if (node.isTextual() && node.textValue().length() <= NUMBER_CHARACTERS) {
      String text = node.textValue().strip();
      // Not all that Java reads: neither NaN nor hexadecimal nor "4f".
      number = EventTimes.NUMBER.matcher(text).matches() ? Double.valueOf(text) : null;
    }
    if (number != null && Double.isFinite(number)) {
      return number;
    }
    throw new WrongType("field '" + field + "' is " + kind(node) + "; make it a number");
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
    throw new WrongType("verdict " + Shown.of(verdict) + " is neither 'agree' nor 'disagree'");
  }

  private static @Nullable Instant time(ObjectNode json) throws WrongType {
    JsonNode node = json.get("timestamp");
    try {
      return EventTimes.read(node);
    } catch (NotATime e) {
      throw new WrongType(
          "field 'timestamp' is %s: %s; %s".formatted(kind(node), e.getMessage(), EventTimes.RULE));
    }
  }

  private static Map<String, JsonNode> attributes(ObjectNode json) throws WrongType {
    JsonNode node = json.get("attributes");
    if (node == null || node.isNull()) {
      return Map.of();
    }
    if (!(node instanceof ObjectNode)) {
      throw new WrongType("field 'attributes' is " + kind(node) + "; make it an object");
    }
    Map<String, JsonNode> attributes = new HashMap<>();
    node.properties().forEach(entry -> attributes.put(entry.getKey(), entry.getValue()));
    return attributes;
  }

  /** What a value is, for a message; scalars with their value. */
  private static String kind(JsonNode node) {
    String name = node.getNodeType().name().toLowerCase(Locale.ROOT);
    return node.isValueNode()
        ? "the JSON " + name + " " + Shown.of(node.asText())
        : "a JSON " + name;
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
