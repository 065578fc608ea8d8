package dev.weir.benchmarks;

import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.weir.trainer.data.LabeledText;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Files of labeled texts: JSON lines with {@code text} and {@code label}. */
final class LabeledRows {

  private LabeledRows() {}

  /** All rows of a file, in its order. */
  static List<LabeledText> read(Path file) throws IOException {
    List<LabeledText> rows = new ArrayList<>();
    try (MappingIterator<Map<String, Object>> lines =
        new ObjectMapper().readerForMapOf(Object.class).readValues(file.toFile())) {
      while (lines.hasNext()) {
        Map<String, Object> row = lines.next();
        rows.add(
            new LabeledText(String.valueOf(row.get("text")), String.valueOf(row.get("label"))));
      }
    }
    return rows;
  }
}
