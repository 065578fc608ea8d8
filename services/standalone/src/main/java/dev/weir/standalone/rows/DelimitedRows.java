package dev.weir.standalone.rows;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.contract.event.EventJson;
import dev.weir.standalone.rows.RecordParser.Parsed;
import java.io.IOException;
import java.io.Reader;
import java.io.StringReader;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/** Rows of a table with a header and a separator: CSV, TSV and what spreadsheets make of them. */
final class DelimitedRows {

  private static final List<Character> SEPARATORS = List.of(',', ';', '\t', '|');
  private static final int JUDGED = 20;

  private final String file;
  private final RowPurpose purpose;
  private final ReadOptions options;

  DelimitedRows(String file, RowPurpose purpose, ReadOptions options) {
    this.file = file;
    this.purpose = purpose;
    this.options = options;
  }

  /** A separator, and whether its own line names it. */
  private record Separator(char character, boolean named) {}

  /**
   * Reads the rows of a text.
   *
   * @param head its beginning, which the text gives again
   * @param recognised is told what this is, before the first row
   */
  void read(String head, Reader text, Consumer<String> recognised, Consumer<Row> rows)
      throws IOException {
    Separator separator = separator(head);
    Lines lines = new Lines(text);
    if (separator.named) {
      lines.next();
    }
    RecordParser parser = new RecordParser(lines, separator.character);
    Parsed first = parser.next();
    if (first == null) {
      throw new RowFileException(file, "is empty. " + needed());
    }
    if (first instanceof Parsed.Broken broken) {
      throw new RowFileException(
          file,
          "has a header that cannot be read (line " + broken.line() + "): " + broken.problem());
    }
    List<String> header = withoutBlankEnd(((Parsed.Cells) first).values());
    FieldNames names = names(header, separator.character);
    recognised.accept("%s with %s".formatted(shown(separator.character), names.shown(header)));
    parser.expect(header.size());
    for (Parsed parsed = parser.next(); parsed != null; parsed = parser.next()) {
      if (parsed instanceof Parsed.Broken broken) {
        rows.accept(new Row.Bad(broken.line(), broken.problem()));
      } else if (parsed instanceof Parsed.Cells cells && !cells.blank()) {
        rows.accept(row(cells, header, names.names()));
      }
    }
  }

  private FieldNames names(List<String> header, char separator) {
    FieldNames names = FieldNames.of(header, options.columns());
    if (names.problem() != null) {
      throw new RowFileException(file, names.problem());
    }
    if (!purpose.satisfiedBy(Set.copyOf(new LinkedHashSet<>(names.names())))) {
      throw new RowFileException(
          file,
          "has no column for %s; its first line, read as %s, is %s. %s"
              .formatted(purpose.needs(), shown(separator), clipped(header), needed()));
    }
    return names;
  }

  private String needed() {
    return "The first line must name the columns ("
        + purpose.needs()
        + "); name another column with --map text=COLUMN, another separator with --delimiter";
  }

  private static List<String> clipped(List<String> header) {
    return header.stream()
        .limit(20)
        .map(name -> "'" + (name.length() > 40 ? name.substring(0, 40) + "…" : name.strip()) + "'")
        .toList();
  }

  private Row row(Parsed.Cells cells, List<String> header, List<String> names) {
    List<String> values = cells.values();
    for (int i = header.size(); i < values.size(); i++) {
      if (!values.get(i).isBlank()) {
        return new Row.Bad(
            cells.line(),
            "has %d fields, the header has %d; put quotes around fields that hold the separator"
                .formatted(values.size(), header.size()));
      }
    }
    if (values.size() < header.size()) {
      return new Row.Bad(
          cells.line(),
          "has %d fields, the header has %d; complete it, or take it out"
              .formatted(values.size(), header.size()));
    }
    if (header.equals(values.subList(0, header.size()))) {
      return new Row.Skipped(cells.line(), "repeated headers");
    }
    ObjectNode fields = EventJson.mapper().createObjectNode();
    for (int i = 0; i < header.size(); i++) {
      if (!values.get(i).isEmpty()) {
        fields.put(names.get(i), values.get(i));
      }
    }
    return Annotations.row(cells.line(), fields, purpose);
  }

  private static List<String> withoutBlankEnd(List<String> header) {
    int size = header.size();
    while (size > 1 && header.get(size - 1).isBlank()) {
      size--;
    }
    return header.subList(0, size);
  }

  private Separator separator(String head) throws IOException {
    String firstLine = head.lines().findFirst().orElse("");
    if (firstLine.startsWith("\uFEFF")) {
      firstLine = firstLine.substring(1);
    }
    boolean named = firstLine.matches("(?i)\"?sep=.\"?[ ;,\t]*");
    Character given = options.delimiter();
    if (given != null) {
      return new Separator(given, named);
    }
    if (named) {
      return new Separator(firstLine.replace("\"", "").charAt(4), true);
    }
    Character best = null;
    long bestScore = 0;
    for (char candidate : SEPARATORS) {
      long score = score(head, candidate);
      if (score > bestScore) {
        bestScore = score;
        best = candidate;
      }
    }
    if (best != null) {
      return new Separator(best, false);
    }
    return new Separator(RecordParser.NONE, false);
  }

  /** How well a separator fits; 0 when it cuts nothing. */
  private long score(String head, char candidate) throws IOException {
    RecordParser parser = new RecordParser(new Lines(new StringReader(head)), candidate);
    if (!(parser.next() instanceof Parsed.Cells header) || header.values().size() < 2) {
      return 0;
    }
    List<String> columns = withoutBlankEnd(header.values());
    FieldNames names = FieldNames.of(columns, Map.of());
    Set<String> mapped = new LinkedHashSet<>(names.names());
    options
        .columns()
        .forEach(
            (field, column) -> {
              if (columns.contains(column)) {
                mapped.add(field);
              }
            });
    long score = 1L + (purpose.satisfiedBy(mapped) ? 10_000 : 0);
    score += names.problem() != null ? 5_000 : 0;
    parser.expect(header.values().size());
    Parsed record = parser.next();
    for (int i = 0; i < JUDGED && record != null; i++) {
      boolean fits =
          record instanceof Parsed.Cells cells && cells.values().size() == header.values().size();
      score += fits ? 100 : 0;
      record = parser.next();
    }
    return score;
  }

  private static String shown(char separator) {
    return switch (separator) {
      case ',' -> "CSV separated by commas";
      case ';' -> "CSV separated by semicolons";
      case '\t' -> "TSV";
      case '|' -> "CSV separated by bars";
      case RecordParser.NONE -> "lines with one column";
      default -> "CSV separated by '" + separator + "'";
    };
  }
}
