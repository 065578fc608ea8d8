package dev.weir.standalone.rows;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.standalone.rows.JsonValues.Found;
import java.io.IOException;
import java.io.Reader;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Rows that are JSON objects: lines, arrays, pretty-printed or concatenated, exports of tools. */
final class JsonRows {

  private static final ObjectMapper MAPPER =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(JsonReadFeature.ALLOW_TRAILING_COMMA)
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private final String file;
  private final RowPurpose purpose;
  private final ReadOptions options;
  private @Nullable String tool;
  private List<String> lastColumns = List.of();
  private FieldNames lastNames = new FieldNames(List.of(), null);

  JsonRows(String file, RowPurpose purpose, ReadOptions options) {
    this.file = file;
    this.purpose = purpose;
    this.options = options;
  }

  /**
   * Reads the rows of a text.
   *
   * @param recognised is told what this is, before the first row
   */
  void read(Reader text, Consumer<String> recognised, Consumer<Row> rows) throws IOException {
    JsonValues values = new JsonValues(text);
    boolean told = false;
    ObjectNode only = null;
    long objects = 0;
    List<Row> untold = new ArrayList<>();
    for (Found found = values.next(); found != null; found = values.next()) {
      ObjectNode object = null;
      Row row;
      if (found instanceof Found.Text json) {
        try {
          JsonNode node = MAPPER.readTree(json.json());
          object = node instanceof ObjectNode read ? read : null;
          row =
              object == null
                  ? new Row.Bad(found.line(), "is not a JSON object")
                  : row(found.line(), object);
        } catch (JsonProcessingException e) {
          row = new Row.Bad(found.line(), "is not JSON: " + problem(e));
        }
      } else {
        row = new Row.Bad(found.line(), ((Found.Broken) found).problem());
      }
      if (object != null) {
        objects++;
        only = objects == 1 ? object : null;
      }
      // The first object waits for the second: alone, it may be the wrapping of all rows.
      if (!told && (objects == 2 || untold.size() >= 1000)) {
        recognised.accept(shown(values));
        told = true;
        untold.forEach(rows);
        untold.clear();
      }
      if (told) {
        rows.accept(row);
      } else {
        untold.add(row);
      }
    }
    if (only != null) {
      refuseWrapping(only);
    }
    if (!told) {
      recognised.accept(shown(values));
      untold.forEach(rows);
    }
  }

  private static String problem(JsonProcessingException fault) {
    String message = fault.getOriginalMessage();
    if (message.contains("Duplicate field")) {
      return message + "; which one counts cannot be told, keep one";
    }
    return message.contains("''") || message.contains("single-quote") || message.contains("(''')")
        ? message + "; JSON has double quotation marks (Python: json.dumps)"
        : message;
  }

  private String shown(JsonValues values) {
    return (values.inArray() ? "JSON array" : "JSON objects")
        + (tool == null ? "" : " of " + tool)
        + " with "
        + lastNames.shown(lastColumns);
  }

  private Row row(long line, ObjectNode written) {
    Annotations.Reading reading = Annotations.read(written, purpose);
    if (reading.tool() != null) {
      tool = reading.tool();
    }
    if (reading.problem() != null) {
      return new Row.Bad(line, reading.problem());
    }
    if (reading.skipped() != null) {
      return new Row.Skipped(line, reading.skipped());
    }
    ObjectNode object = reading.fields();
    Map<String, String> mapped = paths(object);
    List<String> columns = new ArrayList<>();
    object.fieldNames().forEachRemaining(columns::add);
    if (!columns.equals(lastColumns) || lastNames.problem() != null) {
      Map<String, String> present = new HashMap<>(mapped);
      present.values().removeIf(column -> !columns.contains(column));
      lastNames = FieldNames.of(columns, present);
      lastColumns = columns;
    }
    if (lastNames.problem() != null) {
      return new Row.Bad(line, lastNames.problem());
    }
    ObjectNode fields = MAPPER.createObjectNode();
    int i = 0;
    for (Map.Entry<String, JsonNode> field : object.properties()) {
      fields.set(lastNames.names().get(i++), field.getValue());
    }
    if (!purpose.satisfiedBy(Set.copyOf(lastNames.names()))) {
      return new Row.Bad(
          line,
          "has no field for %s; its fields are %s; name another one with --map text=NAME"
              .formatted(purpose.needs(), columns.stream().limit(20).toList()));
    }
    return Annotations.row(line, fields, purpose);
  }

  /** A mapped name with dots may lead into the object; what it finds is put beside the rest. */
  private Map<String, String> paths(ObjectNode object) {
    options
        .columns()
        .values()
        .forEach(
            column -> {
              if (!object.has(column) && column.contains(".")) {
                JsonNode inside = object.at("/" + column.replace('.', '/'));
                if (!inside.isMissingNode()) {
                  object.set(column, inside);
                }
              }
            });
    return options.columns();
  }

  private void refuseWrapping(ObjectNode object) {
    if (object.size() > 20) {
      return;
    }
    for (Map.Entry<String, JsonNode> field : object.properties()) {
      boolean rows = field.getValue().path(0).isObject();
      boolean known =
          Set.of("annotations", "completions", "predictions", "responses", "spans", "options")
              .contains(field.getKey());
      if (rows && !known) {
        throw new RowFileException(
            file,
            "is one JSON object with its rows inside of '%s'; take them out (jq '.%s' FILE > rows.json), and name that file"
                .formatted(field.getKey(), field.getKey()));
      }
    }
    boolean numbered =
        !object.isEmpty()
            && object.properties().stream()
                .allMatch(
                    field -> field.getValue().isObject() && field.getKey().matches("\\d{1,18}"));
    if (numbered) {
      throw new RowFileException(
          file,
          "is one JSON object with its rows inside, by number; write one object per row (pandas:"
              + " df.to_json(path, orient='records', lines=True))");
    }
    boolean columns =
        object.size() > 1
            && object.properties().stream()
                .allMatch(
                    field ->
                        (field.getValue().isObject() && field.getValue().has("0"))
                            || (field.getValue().isArray() && field.getValue().size() > 1));
    if (columns) {
      throw new RowFileException(
          file,
          "is one JSON object with its columns inside; write one object per row (pandas:"
              + " df.to_json(path, orient='records', lines=True))");
    }
  }
}
