package dev.weir.standalone.rows;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.contract.event.EventJson;
import java.io.IOException;
import java.io.Reader;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Rows in the form of fastText: a text to a line, and before it its labels, as in {@code
 * __label__positive Good soup}.
 */
final class FastTextRows {

  private static final String MARK = "__label__";
  private static final Pattern LABEL = Pattern.compile(MARK + "([^\\s,]+)[\\s,]*");

  private final RowPurpose purpose;

  FastTextRows(RowPurpose purpose) {
    this.purpose = purpose;
  }

  /** Whether a text that begins so is of this form. */
  static boolean are(String head) {
    String start = head.startsWith("\uFEFF") ? head.substring(1) : head;
    return start.stripLeading().startsWith(MARK);
  }

  /**
   * Reads the rows of a text.
   *
   * @param recognised is told what this is, before the first row
   */
  void read(Reader text, Consumer<String> recognised, Consumer<Row> rows) throws IOException {
    recognised.accept("fastText lines with text, label");
    Lines lines = new Lines(text);
    for (Lines.Line line = lines.next(); line != null; line = lines.next()) {
      if (line.cut()) {
        rows.accept(
            new Row.Bad(
                line.number(), "is longer than " + Lines.LONGEST + " characters; shorten it"));
      } else if (!line.text().isBlank()) {
        rows.accept(row(line.number(), line.text().strip()));
      }
    }
  }

  private Row row(long number, String line) {
    Matcher label = LABEL.matcher(line);
    if (!label.lookingAt()) {
      return new Row.Bad(number, "does not begin with " + MARK + "NAME; write its label before it");
    }
    String rest = line.substring(label.end());
    if (rest.startsWith(MARK) && purpose.readsLabels()) {
      return new Row.Bad(number, "has several labels; a text has one, take the others out");
    }
    ObjectNode fields = EventJson.mapper().createObjectNode();
    fields.put("label", label.group(1));
    fields.put("text", rest);
    return Annotations.row(number, fields, purpose);
  }
}
