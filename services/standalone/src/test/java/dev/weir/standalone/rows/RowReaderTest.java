package dev.weir.standalone.rows;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.standalone.rows.RowReader.Row;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RowReaderTest {

  @TempDir Path dir;

  @Test
  void readsJsonLinesAndReportsBrokenOnesByLineNumber() throws IOException {
    List<Row> rows =
        read("a.jsonl", "{\"id\":\"1\",\"review\":\"good\",\"Sentiment\":\"pos\"}\n\n{oops\n[1]\n");
    assertThat(rows).hasSize(3);
    assertThat(good(rows, 0).text("text")).isEqualTo("good");
    assertThat(good(rows, 0).text("label")).isEqualTo("pos");
    assertThat(rows.get(1)).isInstanceOf(Row.Bad.class);
    assertThat(rows.get(1).line()).isEqualTo(3);
    assertThat(rows.get(2).line()).isEqualTo(4);
  }

  @Test
  void readsCsvWithQuotesNewlinesAndOtherColumnNames() throws IOException {
    List<Row> rows =
        read(
            "a.csv",
            "Review,Sentiment\n\"one, two\nthree \"\"quoted\"\"\",positive\nplain,negative\n");
    assertThat(good(rows, 0).text("text")).isEqualTo("one, two\nthree \"quoted\"");
    assertThat(good(rows, 0).text("label")).isEqualTo("positive");
    assertThat(good(rows, 1).text("text")).isEqualTo("plain");
  }

  @Test
  void csvRowWithTooManyFieldsIsReportedAndTheRestGoesThrough() throws IOException {
    List<Row> rows = read("a.csv", "text,label\na,b,c\ngood,positive\n");
    assertThat(rows.get(0)).isInstanceOf(Row.Bad.class);
    assertThat(rows.get(0).line()).isEqualTo(2);
    assertThat(good(rows, 1).text("label")).isEqualTo("positive");
  }

  @Test
  void formatOfStandardInputIsSeenFromItsFirstLine() throws IOException {
    assertThat(good(stdin("text\tlabel\nfine\tpositive\n"), 0).text("text")).isEqualTo("fine");
    assertThat(good(stdin("text,label\nfine,positive\n"), 0).text("label")).isEqualTo("positive");
    assertThat(good(stdin("{\"text\":\"fine\"}\n"), 0).text("text")).isEqualTo("fine");
    assertThat(stdin("")).isEmpty();
  }

  @Test
  void byteOrderMarkAndBytesThatAreNotUtf8DoNotStopTheReading() throws IOException {
    Path file = dir.resolve("b.csv");
    Files.write(file, new byte[] {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF});
    Files.write(
        file,
        "text,label\ncaf\u00e9,positive\n".getBytes(java.nio.charset.StandardCharsets.ISO_8859_1),
        java.nio.file.StandardOpenOption.APPEND);
    List<Row> rows = RowReader.readAll(file);
    assertThat(good(rows, 0).text("text")).startsWith("caf");
    assertThat(good(rows, 0).text("label")).isEqualTo("positive");
  }

  private List<Row> read(String name, String content) throws IOException {
    return RowReader.readAll(Files.writeString(dir.resolve(name), content));
  }

  private static List<Row> stdin(String content) throws IOException {
    List<Row> rows = new ArrayList<>();
    RowReader.read("-", new ByteArrayInputStream(content.getBytes(UTF_8)), rows::add);
    return rows;
  }

  private static Row.Good good(List<Row> rows, int index) {
    return (Row.Good) rows.get(index);
  }
}
