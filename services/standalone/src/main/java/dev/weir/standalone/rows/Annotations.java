package dev.weir.standalone.rows;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.weir.contract.event.EventJson;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Reads what labeling tools write: Label Studio, doccano, Prodigy, Argilla, Rubrix, spaCy, and rows
 * of the Hugging Face viewer.
 *
 * <p>Only what an annotator gave and nobody took back is a label: rejected, ignored, discarded,
 * cancelled and suggested ones are none. Stateless.
 */
final class Annotations {

  private static final String NOT_LABELED = "rows without an annotation";

  /** What programs write where a table has no value. */
  private static final Set<String> NO_TEXT =
      Set.of("nan", "NaN", "NAN", "<NA>", "#N/A", "null", "NULL", "None", "NaT");

  private static final Set<String> DECLINED = Set.of("reject", "ignore");
  private static final Set<String> TAKEN = Set.of("submitted", "validated", "completed");

  private Annotations() {}

  /**
   * What one object of an export is.
   *
   * @param fields a flat row
   * @param tool whose export it is, or {@code null} for none that is known
   * @param skipped why it is no label, in the plural, or {@code null}
   * @param problem why it is none although one was meant, or {@code null}
   */
  record Reading(
      ObjectNode fields,
      @Nullable String tool,
      @Nullable String skipped,
      @Nullable String problem) {}

  /** Reads an object as it is written, before its fields get Weir's names. */
  static Reading read(ObjectNode written, RowPurpose purpose) {
    ObjectNode object = written;
    if (object.has("row_idx") && object.get("row") instanceof ObjectNode row) {
      object = row;
    }
    Reading reading = byTool(object);
    if (purpose.readsLabels()) {
      return reading;
    }
    return new Reading(reading.fields, reading.tool, null, null);
  }

  private static Reading byTool(ObjectNode object) {
    if (object.get("data") instanceof ObjectNode data
        && (object.has("annotations") || object.has("completions"))) {
      return labelStudio(data, object);
    }
    if (object.get("fields") instanceof ObjectNode fields && object.has("responses")) {
      return argilla(fields, object.get("responses"));
    }
    if (object.path("annotations").path(0).has("label")) {
      return doccanoOld(object);
    }
    Reading flat = flatArgilla(object);
    if (flat != null) {
      return flat;
    }
    if (object.has("_input_hash")
        || (object.has("answer") && (object.has("_view_id") || object.has("_task_hash")))) {
      return prodigy(object);
    }
    if (object.has("annotation") && object.has("status")) {
      return rubrix(object);
    }
    if (object.get("cats") instanceof ObjectNode cats) {
      return spacy(object, cats);
    }
    boolean doccano =
        object.path("label").isArray()
            || object.path("labels").isArray()
            || object.has("Comments")
            || (object.path("data").isTextual() && object.has("label"));
    return new Reading(
        doccano ? withoutId(object) : object, doccano ? "doccano" : null, null, null);
  }

  /** Gives a tool's own number up: it is no review's id. */
  private static ObjectNode withoutId(ObjectNode object) {
    ObjectNode copy = object.deepCopy();
    copy.remove("id");
    return copy;
  }

  private static Reading labelStudio(ObjectNode data, ObjectNode task) {
    String tool = "Label Studio";
    ObjectNode fields = EventJson.mapper().createObjectNode();
    data.properties().stream()
        .filter(field -> field.getValue().isValueNode())
        .forEach(field -> fields.set(field.getKey(), field.getValue()));
    // A label in the data is what was shown to the annotator, not what he said.
    List.of("label", "sentiment", "stars", "rating", "id").forEach(fields::remove);
    JsonNode annotations =
        task.has("annotations") ? task.get("annotations") : task.get("completions");
    Set<String> questions = new TreeSet<>();
    Set<String> answers = new LinkedHashSet<>();
    Set<Double> ratings = new LinkedHashSet<>();
    for (JsonNode annotation : annotations) {
      if (annotation.path("was_cancelled").asBoolean()) {
        continue;
      }
      for (JsonNode result : annotation.path("result")) {
        JsonNode value = result.path("value");
        if (value.has("choices")) {
          questions.add(result.path("from_name").asText());
          if (value.get("choices").size() > 1) {
            return new Reading(fields, tool, null, "has several labels " + value.get("choices"));
          }
          value.get("choices").forEach(choice -> answers.add(choice.asText()));
        } else if (value.has("rating")) {
          questions.add(result.path("from_name").asText());
          ratings.add(value.get("rating").asDouble());
        }
      }
    }
    if (answers.isEmpty() && ratings.isEmpty()) {
      return new Reading(fields, tool, NOT_LABELED, null);
    }
    if (questions.size() > 1) {
      return new Reading(
          fields, tool, null, "has answers to several questions " + questions + "; export one");
    }
    if (answers.size() + ratings.size() > 1) {
      return new Reading(fields, tool, null, disagreement(answers.isEmpty() ? ratings : answers));
    }
    if (answers.isEmpty()) {
      fields.put("stars", ratings.iterator().next());
    } else {
      fields.put("label", answers.iterator().next());
    }
    return new Reading(fields, tool, null, null);
  }

  private static String disagreement(Set<?> answers) {
    return "has annotators who disagree: " + answers + "; decide, or take the row out";
  }

  private static Reading argilla(ObjectNode fields, JsonNode responses) {
    Map<String, Set<String>> answers = new LinkedHashMap<>();
    if (responses.isArray()) {
      for (JsonNode response : responses) {
        if (taken(response.path("status"))) {
          response
              .path("values")
              .properties()
              .forEach(value -> add(answers, value.getKey(), value.getValue().path("value")));
        }
      }
    } else {
      responses
          .properties()
          .forEach(
              question -> {
                for (JsonNode response : question.getValue()) {
                  if (taken(response.path("status"))) {
                    add(answers, question.getKey(), response.path("value"));
                  }
                }
              });
    }
    ObjectNode copy = fields.deepCopy();
    List.of("label", "sentiment", "stars", "rating", "id").forEach(copy::remove);
    return answered(copy, "Argilla", answers);
  }

  /** Columns such as {@code label.responses} beside {@code label.responses.status}. */
  private static @Nullable Reading flatArgilla(ObjectNode object) {
    Map<String, Set<String>> answers = new LinkedHashMap<>();
    ObjectNode copy = object.deepCopy();
    boolean found = false;
    for (Map.Entry<String, JsonNode> field : object.properties()) {
      String name = field.getKey();
      if (!name.endsWith(".responses")) {
        continue;
      }
      found = true;
      JsonNode statuses = object.path(name + ".status");
      JsonNode values = field.getValue();
      for (int i = 0; i < values.size(); i++) {
        if (taken(statuses.path(i))) {
          add(answers, name, values.path(i));
        }
      }
      copy.remove(List.of(name, name + ".status", name + ".users"));
    }
    if (!found) {
      return null;
    }
    List.of("label", "sentiment", "stars", "rating", "id").forEach(copy::remove);
    return answered(copy, "Argilla", answers);
  }

  /** A response without a status was submitted: drafts and discarded ones say what they are. */
  private static boolean taken(JsonNode status) {
    return status.isMissingNode()
        || status.isNull()
        || TAKEN.contains(status.asText().toLowerCase(Locale.ROOT));
  }

  private static void add(Map<String, Set<String>> answers, String question, JsonNode value) {
    if (value.isValueNode() && !value.isNull() && !value.asText().isBlank()) {
      answers.computeIfAbsent(question, unused -> new LinkedHashSet<>()).add(value.asText());
    } else if (value.isArray()) {
      value.forEach(one -> add(answers, question, one));
    }
  }

  private static Reading answered(
      ObjectNode fields, String tool, Map<String, Set<String>> answers) {
    if (answers.isEmpty()) {
      return new Reading(fields, tool, NOT_LABELED + " that counts", null);
    }
    if (answers.size() > 1) {
      return new Reading(
          fields,
          tool,
          null,
          "has answers to several questions " + answers.keySet() + "; export one");
    }
    Set<String> values = answers.values().iterator().next();
    if (values.size() > 1) {
      return new Reading(fields, tool, null, disagreement(values));
    }
    fields.put("label", values.iterator().next());
    return new Reading(fields, tool, null, null);
  }

  private static Reading doccanoOld(ObjectNode object) {
    ObjectNode copy = withoutId(object);
    copy.remove("annotations");
    Map<String, Set<String>> answers = new LinkedHashMap<>();
    object.path("annotations").forEach(one -> add(answers, "label", one.path("label")));
    return answered(copy, "doccano", answers);
  }

  private static Reading prodigy(ObjectNode object) {
    ObjectNode copy = withoutId(object);
    String answer = object.path("answer").asText("accept").toLowerCase(Locale.ROOT);
    if (DECLINED.contains(answer)) {
      return new Reading(copy, "Prodigy", "annotations with the answer " + answer, null);
    }
    if (object.path("accept").isArray()) {
      copy.set("label", object.get("accept"));
      copy.remove("options");
    }
    return new Reading(copy, "Prodigy", null, null);
  }

  private static Reading rubrix(ObjectNode object) {
    ObjectNode copy = withoutId(object);
    JsonNode annotation = object.get("annotation");
    String status = object.path("status").asText();
    if (!TAKEN.contains(status.toLowerCase(Locale.ROOT)) || annotation.isNull()) {
      return new Reading(copy, "Argilla", "annotations with the status " + status, null);
    }
    copy.remove("annotation");
    copy.set("label", annotation);
    return new Reading(copy, "Argilla", null, null);
  }

  private static Reading spacy(ObjectNode object, ObjectNode cats) {
    List<String> chosen = new ArrayList<>();
    cats.properties()
        .forEach(
            cat -> {
              if (cat.getValue().asDouble() >= 0.5) {
                chosen.add(cat.getKey());
              }
            });
    ObjectNode copy = object.deepCopy();
    copy.remove("cats");
    if (chosen.size() != 1) {
      return new Reading(copy, "spaCy", null, "has the categories " + chosen + ", not one");
    }
    copy.put("label", chosen.get(0));
    return new Reading(copy, "spaCy", null, null);
  }

  /** A row whose fields have Weir's names: its label and stars as one value each. */
  static Row row(long line, ObjectNode fields, RowPurpose purpose) {
    if (fields.has("annotation_id") || fields.has("annotator")) {
      fields.remove("id"); // Label Studio's number of a task is no review's id.
    }
    String lost = lost(fields.get("text"), purpose);
    if (lost != null) {
      return new Row.Bad(line, lost);
    }
    if (!purpose.readsLabels()) {
      return new Row.Good(line, fields);
    }
    String answer = fields.path("answer").asText().strip().toLowerCase(Locale.ROOT);
    if (DECLINED.contains(answer)) {
      return new Row.Skipped(line, "annotations with the answer " + answer);
    }
    JsonNode label = fields.get("label");
    if (label != null && label.isTextual()) {
      label = unwrapped(label.textValue().strip());
    }
    if (label != null && label.isArray()) {
      Set<JsonNode> values = new LinkedHashSet<>();
      label.forEach(values::add);
      if (values.isEmpty()) {
        return new Row.Skipped(line, NOT_LABELED);
      }
      if (values.size() > 1) {
        return new Row.Bad(
            line, "has several labels " + label + "; a text has one, take the others out");
      }
      label = values.iterator().next();
    }
    if (label != null && label.isContainerNode()) {
      return new Row.Bad(
          line,
          "has the label " + clipped(label.toString()) + ", which is no name; write one name");
    }
    if (label != null && label.isFloatingPointNumber() && Double.isNaN(label.doubleValue())) {
      return new Row.Bad(line, "has the label NaN, which is none; write one, or take the row out");
    }
    if (label == null || label.isNull() || LabelReader.visible(label.asText()).isEmpty()) {
      fields.remove("label");
    } else {
      fields.set("label", label);
    }
    JsonNode stars = fields.get("stars");
    if (stars != null && stars.isTextual()) {
      String number = LabelReader.visible(stars.textValue());
      if (number.isEmpty()) {
        fields.remove("stars");
      } else {
        // As spreadsheets of half of Europe write them.
        fields.put("stars", number.matches("[+-]?\\d+,\\d+") ? number.replace(',', '.') : number);
      }
    }
    return new Row.Good(line, fields);
  }

  /** What of a row's text was lost before it came here, or {@code null}. */
  private static @Nullable String lost(@Nullable JsonNode text, RowPurpose purpose) {
    if (text == null || text.isNull()) {
      return null;
    }
    if (text.asText().indexOf('\uFFFD') >= 0) {
      return "holds the sign U+FFFD (\uFFFD), which stands for a character that an earlier conversion"
          + " lost; take it from the file before that, or take the row out";
    }
    boolean number = text.isFloatingPointNumber() && Double.isNaN(text.doubleValue());
    return number || (purpose.readsLabels() && NO_TEXT.contains(text.asText().strip()))
        ? "has the text "
            + text.asText().strip()
            + ", which stands for none; write one, or take the row out"
        : null;
  }

  /** A list of one label as text: {@code ["positive"]}, or {@code ['positive']} by Python. */
  private static JsonNode unwrapped(String label) {
    if (label.length() > 4 && label.matches("\\[\\s*(\"[^\"]*\"|'[^']*')\\s*\\]")) {
      String inner = label.substring(1, label.length() - 1).strip();
      return TextNode.valueOf(inner.substring(1, inner.length() - 1));
    }
    return TextNode.valueOf(label);
  }

  private static String clipped(String text) {
    return text.length() > 80 ? text.substring(0, 80) + "…" : text;
  }
}
