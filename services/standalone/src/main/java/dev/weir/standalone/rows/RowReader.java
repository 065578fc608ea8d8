package dev.weir.standalone.rows;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.csv.CsvMapper;
import com.fasterxml.jackson.dataformat.csv.CsvParser;
import com.fasterxml.jackson.dataformat.csv.CsvSchema;
import dev.weir.common.event.EventJson;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Reads rows of reviews or feedback: JSON lines, or CSV and TSV with a header.
 *
 * <p>Column names are taken in any letter case; {@code review} stands for {@code text} and {@code
 * sentiment} for {@code label}. A file's ending says the format ({@code .csv}, {@code .tsv}, else
 * JSON lines); without one, or on standard input, its first line does. UTF-8, a byte order mark is
 * passed over.
 */
public final class RowReader {

  private static final Map<String, String> OTHER_NAMES =
      Map.of(
          "review", "text", "sentiment", "label", "review_id", "reviewId", "reviewid", "reviewId");

  private RowReader() {}

  /** One row of the input. */
  public sealed interface Row {

    /** Its line in the input, from 1. */
    long line();

    /**
     * A row that could be read.
     *
     * @param line its line
     * @param fields its fields by Weir's own names
     */
    record Good(long line, ObjectNode fields) implements Row {

      /** A field as text, or {@code null} when it is absent or empty. */
      public @Nullable String text(String name) {
        JsonNode node = fields.get(name);
        return node == null || node.isNull() || node.asText().isEmpty() ? null : node.asText();
      }
    }

    /**
     * A row that could not be read.
     *
     * @param line its line
     * @param problem what is wrong, with the remedy
     */
    record Bad(long line, String problem) implements Row {}
  }

  /** Reads all rows of a file, or of standard input for {@code -}. */
  public static void read(String file, InputStream stdin, Consumer<Row> rows) throws IOException {
    if (file.equals("-")) {
      read(file, new BufferedReader(new InputStreamReader(stdin, StandardCharsets.UTF_8)), rows);
      return;
    }
    // Not newBufferedReader: that one stops at the first byte that is not UTF-8.
    try (BufferedReader in =
        new BufferedReader(
            new InputStreamReader(Files.newInputStream(Path.of(file)), StandardCharsets.UTF_8))) {
      read(file, in, rows);
    }
  }

  /** Reads all rows of a file into a list. */
  public static List<Row> readAll(Path file) throws IOException {
    List<Row> rows = new ArrayList<>();
    read(file.toString(), InputStream.nullInputStream(), rows::add);
    return rows;
  }

  private static void read(String file, BufferedReader in, Consumer<Row> rows) throws IOException {
    skipByteOrderMark(in);
    String name = file.toLowerCase(Locale.ROOT);
    if (name.endsWith(".csv")) {
      readDelimited(in, ',', rows);
    } else if (name.endsWith(".tsv")) {
      readDelimited(in, '\t', rows);
    } else {
      Character delimiter = name.endsWith(".jsonl") ? null : sniff(in);
      if (delimiter == null) {
        readJsonLines(in, rows);
      } else {
        readDelimited(in, delimiter, rows);
      }
    }
  }

  private static void skipByteOrderMark(BufferedReader in) throws IOException {
    in.mark(1);
    if (in.read() != '\uFEFF') {
      in.reset();
    }
  }

  /** The delimiter of a header line, or {@code null} for JSON. */
  private static @Nullable Character sniff(BufferedReader in) throws IOException {
    in.mark(1 << 16);
    char[] start = new char[(1 << 16) - 1];
    int n = in.read(start);
    in.reset();
    String head = n <= 0 ? "" : new String(start, 0, n).stripLeading();
    if (head.startsWith("{") || head.isEmpty()) {
      return null;
    }
    String firstLine = head.lines().findFirst().orElse("");
    return firstLine.indexOf('\t') >= 0 ? '\t' : ',';
  }

  private static void readJsonLines(BufferedReader in, Consumer<Row> rows) throws IOException {
    long number = 0;
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      number++;
      if (line.isBlank()) {
        continue;
      }
      try {
        JsonNode node = EventJson.mapper().readTree(line);
        if (node instanceof ObjectNode object) {
          rows.accept(new Row.Good(number, renamed(object)));
        } else {
          rows.accept(new Row.Bad(number, "is not a JSON object"));
        }
      } catch (JsonProcessingException e) {
        rows.accept(new Row.Bad(number, "is not JSON: " + e.getOriginalMessage()));
      }
    }
  }

  private static ObjectNode renamed(ObjectNode object) {
    ObjectNode fields = EventJson.mapper().createObjectNode();
    object.properties().forEach(field -> fields.set(ownName(field.getKey()), field.getValue()));
    return fields;
  }

  private static void readDelimited(BufferedReader in, char delimiter, Consumer<Row> rows)
      throws IOException {
    CsvMapper mapper =
        CsvMapper.csvBuilder()
            .enable(CsvParser.Feature.WRAP_AS_ARRAY)
            .enable(CsvParser.Feature.SKIP_EMPTY_LINES)
            .build();
    ObjectReader reader =
        mapper
            .readerFor(String[].class)
            .with(CsvSchema.emptySchema().withColumnSeparator(delimiter));
    try (MappingIterator<String[]> cells = reader.readValues(in)) {
      if (!cells.hasNextValue()) {
        return;
      }
      String[] header = cells.nextValue();
      for (int i = 0; i < header.length; i++) {
        header[i] = ownName(header[i].strip());
      }
      while (cells.hasNextValue()) {
        long line = cells.getCurrentLocation().getLineNr();
        String[] values = cells.nextValue();
        line = Math.min(line, cells.getCurrentLocation().getLineNr());
        rows.accept(row(line, header, values));
      }
    } catch (JsonProcessingException e) {
      long line = e.getLocation() == null ? 0 : e.getLocation().getLineNr();
      rows.accept(
          new Row.Bad(line, "and everything after it cannot be read: " + e.getOriginalMessage()));
    }
  }

  private static Row row(long line, String[] header, String[] values) {
    if (values.length != header.length) {
      return new Row.Bad(
          line,
          "has %d fields, the header has %d; put quotes around fields that hold the separator"
              .formatted(values.length, header.length));
    }
    ObjectNode fields = EventJson.mapper().createObjectNode();
    for (int i = 0; i < header.length; i++) {
      if (!values[i].isEmpty()) {
        fields.put(header[i], values[i]);
      }
    }
    return new Row.Good(line, fields);
  }

  private static String ownName(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    String own = OTHER_NAMES.get(lower);
    if (own != null) {
      return own;
    }
    return switch (lower) {
      case "text", "label", "id", "adapter", "stars", "source", "verdict", "timestamp" -> lower;
      default -> name;
    };
  }
}
