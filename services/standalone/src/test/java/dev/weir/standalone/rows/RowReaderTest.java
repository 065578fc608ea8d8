package dev.weir.standalone.rows;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16BE;
import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@SuppressWarnings("StringConcatToTextBlock") // Line ends and separators are what is tested.
class RowReaderTest {

  private static final Charset WINDOWS_1252 = Charset.forName("windows-1252");

  @TempDir Path dir;

  @Test
  void readsJsonLinesAndReportsBrokenOnesByLineNumber() throws IOException {
    List<Row> rows =
        read(
            "{\"id\":\"1\",\"review\":\"good\",\"Sentiment\":\"pos\"}\n\n"
                + "{oops\n"
                + "[1]\n"
                + "{\"text\":\"a\",\"label\":\"pos\"}\n");
    assertThat(good(rows, 0).text("text")).isEqualTo("good");
    assertThat(good(rows, 0).text("label")).isEqualTo("pos");
    assertThat(rows)
        .filteredOn(Row.Bad.class::isInstance)
        .extracting(Row::line)
        .containsExactly(3L, 4L);
    assertThat(good(rows, 3).line()).isEqualTo(5);
  }

  @Test
  void readsCsvWithQuotesNewlinesAndOtherColumnNames() throws IOException {
    List<Row> rows =
        read("Review,Sentiment\n\"one, two\nthree \"\"quoted\"\"\",positive\nplain,negative\n");
    assertThat(good(rows, 0).text("text")).isEqualTo("one, two\nthree \"quoted\"");
    assertThat(good(rows, 0).text("label")).isEqualTo("positive");
    assertThat(good(rows, 1).text("text")).isEqualTo("plain");
    assertThat(good(rows, 1).line()).isEqualTo(4);
  }

  @Test
  void csvRowWithTooManyFieldsIsReportedAndTheRestGoesThrough() throws IOException {
    List<Row> rows = read("text,label\na,b,c\ngood,positive\n");
    assertThat(rows.get(0)).isInstanceOf(Row.Bad.class);
    assertThat(rows.get(0).line()).isEqualTo(2);
    assertThat(good(rows, 1).text("label")).isEqualTo("positive");
  }

  @Test
  void formIsSeenFromTheContentOfAStreamToo() throws IOException {
    assertThat(good(stream("text\tlabel\nfine\tpositive\n"), 0).text("text")).isEqualTo("fine");
    assertThat(good(stream("text,label\nfine,positive\n"), 0).text("label")).isEqualTo("positive");
    assertThat(good(stream("{\"text\":\"fine\",\"label\":1}\n"), 0).text("text")).isEqualTo("fine");
  }

  @Test
  void bytesOfAnotherEncodingBehindTheHeadOfAStreamAreRefusedWithTheirLine() {
    int before = 5000; // several times the head
    StringBuilder text = new StringBuilder("text,label\r\n");
    for (int i = 0; i < before; i++) {
      text.append("a soup that is as good as that of number ").append(i).append(",positive\r\n");
    }
    text.append("caf\u00E9,positive\r\nfine,positive\r\n");
    List<Row> rows = new ArrayList<>();
    RowReader reader =
        RowReader.of(
            new ByteArrayInputStream(text.toString().getBytes(ISO_8859_1)),
            "stream",
            ReadOptions.RECOGNISE,
            RowPurpose.REVIEWS);
    assertThatThrownBy(() -> reader.read(rows::add))
        .isInstanceOf(RowFileException.class)
        .hasMessageContaining("line " + (before + 2))
        .hasMessageContaining("UTF-8")
        .hasMessageContaining("--encoding");
    assertThat(rows).as("rows before it").hasSize(before).allMatch(Row.Good.class::isInstance);
  }

  @Test
  void charactersThatWereLostBeforeAreNoReviewEither() throws IOException {
    List<Row> rows =
        read(
            RowPurpose.REVIEWS, "{\"text\":\"caf\uFFFD\"}\n{\"text\":\"None\"}\n{\"text\":null}\n");
    assertThat(rows.get(0)).isInstanceOf(Row.Bad.class);
    assertThat(good(rows, 1).text("text")).isEqualTo("None");
    assertThat(good(rows, 2).text("text")).isNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"UTF-8", "UTF-16LE", "UTF-16BE", "windows-1252", "UTF-32LE"})
  void encodingsAreRecognisedWithAndWithoutByteOrderMark(String encoding) throws IOException {
    String table = "text,label\r\nLe café était délicieux,positive\r\nTrès déçu,negative\r\n";
    boolean unicode = !encoding.equals("windows-1252");
    for (String mark : unicode ? List.of("", "\uFEFF") : List.of("")) {
      if (encoding.startsWith("UTF-32") && mark.isEmpty()) {
        continue;
      }
      Path file =
          Files.write(dir.resolve("a.csv"), (mark + table).getBytes(Charset.forName(encoding)));
      RowReader reader = RowReader.of(file, ReadOptions.RECOGNISE, RowPurpose.FEEDBACK);
      List<Row> rows = reader.readAll();
      assertThat(good(rows, 0).text("text")).isEqualTo("Le café était délicieux");
      assertThat(good(rows, 1).text("label")).isEqualTo("negative");
      assertThat(reader.recognised()).containsIgnoringCase(encoding).contains("commas");
    }
  }

  @Test
  void encodingThatCannotBeToldIsRefusedOnceAndReadWhenItIsNamed() throws IOException {
    Charset cyrillic = Charset.forName("windows-1251");
    byte[] russian = "text,label\nочень вкусный суп,positive\n".getBytes(cyrillic);
    Path file = Files.write(dir.resolve("ru.csv"), russian);
    assertThatThrownBy(() -> read(file)).hasMessageContaining("--encoding");
    ReadOptions named = new ReadOptions(cyrillic, null, Map.of());
    assertThat(good(RowReader.of(file, named, RowPurpose.FEEDBACK).readAll(), 0).text("text"))
        .isEqualTo("очень вкусный суп");
    byte[] polish =
        "text,label\nca\u0142kiem dobra zupa,positive\n".getBytes(Charset.forName("windows-1250"));
    Path other = Files.write(dir.resolve("pl.csv"), polish);
    assertThatThrownBy(() -> read(other)).hasMessageContaining("--encoding");
  }

  @Test
  void filesThatMixEncodingsAreRefusedWithTheLine() throws IOException {
    ByteArrayOutputStream mixed = new ByteArrayOutputStream();
    mixed.writeBytes("text,label\ncafé,positive\n".getBytes(UTF_8));
    mixed.writeBytes("déçu,negative\n".getBytes(WINDOWS_1252));
    Path file = Files.write(dir.resolve("mixed.csv"), mixed.toByteArray());
    assertThatThrownBy(() -> read(file))
        .hasMessageContaining("line 3")
        .hasMessageContaining("mixes");
  }

  @Test
  void filesThatWereJoinedKeepNoMarkAndNoSecondHeader() throws IOException {
    List<Row> rows = read("\uFEFFtext,label\ngood,positive\n\uFEFFtext,label\nbad,negative\n");
    assertThat(rows).filteredOn(Row.Good.class::isInstance).hasSize(2);
    assertThat(rows).filteredOn(Row.Skipped.class::isInstance).hasSize(1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '#',
      value = {
        "text,label;good, or so,positive # 0",
        "text;label;good, or so;positive # 1",
        "text|label;good, or so|positive # 1",
      })
  void separatorsAreRecognised(String written, int rows) throws IOException {
    String table = written.replaceFirst("(label);", "$1\n") + "\n";
    assertThat(read(table)).filteredOn(Row.Good.class::isInstance).hasSize(rows);
  }

  @Test
  void separatorLineOfExcelIsRead() throws IOException {
    List<Row> rows = read("sep=;\r\ntext;label\r\nGood soup;positive\r\n");
    assertThat(good(rows, 0).text("text")).isEqualTo("Good soup");
    assertThat(good(rows, 0).line()).isEqualTo(3);
  }

  @Test
  void lineEndsOfEverySystemAreRead() throws IOException {
    for (String end : List.of("\n", "\r\n", "\r")) {
      List<Row> rows =
          read(String.join(end, "text,label", "", ",", "a,positive", "b,negative", ""));
      assertThat(rows).extracting(Row::line).containsExactly(4L, 5L);
      rows =
          read(
              String.join(
                  end, "{\"text\":\"a\",", "\"label\":\"1\"}", "{\"text\":\"b\",\"label\":\"0\"}"));
      assertThat(rows).extracting(Row::line).containsExactly(1L, 3L);
    }
  }

  @Test
  void strayQuotationMarkCostsItsOwnRow() throws IOException {
    StringBuilder table = new StringBuilder("text\tlabel\n");
    for (int i = 0; i < 12; i++) {
      table
          .append(i == 3 || i == 9 ? "\"" : "")
          .append("row number ")
          .append(i)
          .append("\tpositive\n");
    }
    List<Row> rows = read(table.toString());
    assertThat(rows)
        .filteredOn(Row.Bad.class::isInstance)
        .extracting(Row::line)
        .containsExactly(5L, 11L);
    assertThat(rows).filteredOn(Row.Good.class::isInstance).hasSize(10);

    rows = read("text,label\n\"never closed,positive\nBad soup,negative\nGood soup,positive\n");
    assertThat(rows).extracting(Row::line).containsExactly(2L, 3L, 4L);
    assertThat(rows.get(0)).isInstanceOf(Row.Bad.class);
    assertThat(good(rows, 2).text("text")).isEqualTo("Good soup");

    rows = read("text,label\n5\" screen is fine,positive\n");
    assertThat(good(rows, 0).text("text")).isEqualTo("5\" screen is fine");
  }

  @Test
  void rowsThatAQuotationMarkSwallowedAreNotOneText() throws IOException {
    List<Row> rows =
        read("text\tlabel\n\"a\tpositive\nb\tnegative\nc\tpositive\nd \"\tnegative\ne\tpositive\n");
    assertThat(rows.get(0)).isInstanceOf(Row.Bad.class);
    assertThat(rows)
        .filteredOn(Row.Good.class::isInstance)
        .extracting(Row::line)
        .contains(3L, 4L, 6L);
  }

  @Test
  void jsonArraysAndPrettyAndJoinedObjectsAreRead() throws IOException {
    for (String form :
        List.of(
            "[{\"text\":\"a\",\"label\":\"1\"},{\"text\":\"b\",\"label\":\"0\"}]",
            "[\n"
                + "  {\n"
                + "    \"text\": \"a\",\n"
                + "    \"label\": \"1\"\n"
                + "  },\n"
                + "  {\n"
                + "    \"text\": \"b\",\n"
                + "    \"label\": \"0\"\n"
                + "  }\n"
                + "]\n",
            "{\n"
                + " \"text\": \"a\",\n"
                + " \"label\": \"1\"\n"
                + "}\n"
                + "{\n"
                + " \"text\": \"b\",\n"
                + " \"label\": \"0\"\n"
                + "}\n",
            "{\"text\":\"a\",\"label\":\"1\"}{\"text\":\"b\",\"label\":\"0\"}",
            "// two\n"
                + "[{\"text\":\"a\",/* one */\"label\":\"1\"},\n"
                + "{\"text\":\"b\",\"label\":\"0\",},]")) {
      List<Row> rows = read(form);
      assertThat(rows).as(form).hasSize(2);
      assertThat(good(rows, 0).text("text")).isEqualTo("a");
      assertThat(good(rows, 1).text("label")).isEqualTo("0");
    }
  }

  @Test
  void brokenJsonObjectCostsItself() throws IOException {
    for (String broken :
        List.of(
            "{\"text\":\"cut",
            "{\"text\":\"cut\",\"label\":[\"1\"",
            "{\"text\":\"cut\"",
            "{\"text\":\"a\",\"text\":\"b\"}")) {
      List<Row> rows =
          read(
              "{\"text\":\"a\",\"label\":\"1\"}\n"
                  + broken
                  + "\n{\"text\":\"b\",\"label\":\"0\"}\n");
      assertThat(rows).as(broken).extracting(Row::line).containsExactly(1L, 2L, 3L);
      assertThat(rows.get(1)).as(broken).isInstanceOf(Row.Bad.class);
      assertThat(good(rows, 2).text("text")).isEqualTo("b");
    }
  }

  @Test
  void truncatedArrayIsSaid() throws IOException {
    List<Row> rows = read("[{\"text\":\"a\",\"label\":\"1\"},\n{\"text\":\"b\",\"la");
    assertThat(rows.get(0)).isInstanceOf(Row.Good.class);
    assertThat(rows).filteredOn(Row.Bad.class::isInstance).isNotEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "text,label\n",
        "",
        "\n\n",
        "Good soup,positive\nCold soup,negative\n",
        "Datum,Kommentartext,Note\n1.1.,gut,1\n",
        "text,label,sentiment\ngood,positive,negative\n",
        "text,text,label\na,b,positive\n",
        "{\"data\":[{\"text\":\"a\",\"label\":\"1\"}]}",
        "{\"text\":{\"0\":\"a\",\"1\":\"b\"},\"label\":{\"0\":1,\"1\":0}}",
        "<!DOCTYPE html><html><body>Sign in</body></html>",
        "%PDF-1.7\n",
        "PAR1\u0001\u0002"
      })
  void whatIsNoTableOfRowsIsRefusedOnce(String content) throws IOException {
    Path file = Files.writeString(dir.resolve("whole.csv"), content);
    assertThatThrownBy(() -> read(file))
        .isInstanceOf(RowFileException.class)
        .hasMessageStartingWith(file.toString());
  }

  @Test
  void packedFilesAndDirectoriesAreRefusedByName() throws IOException {
    ByteArrayOutputStream gzip = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(gzip)) {
      out.write("text,label\n".getBytes(UTF_8));
    }
    Path packed = Files.write(dir.resolve("a.csv.gz"), gzip.toByteArray());
    assertThatThrownBy(() -> read(packed))
        .hasMessageContaining("gzip")
        .hasMessageContaining("unpack");
    ByteArrayOutputStream zip = new ByteArrayOutputStream();
    try (ZipOutputStream out = new ZipOutputStream(zip)) {
      out.putNextEntry(new ZipEntry("xl/workbook.xml"));
    }
    Path sheet = Files.write(dir.resolve("a.xlsx"), zip.toByteArray());
    assertThatThrownBy(() -> read(sheet)).hasMessageContaining("Excel").hasMessageContaining("CSV");
    assertThatThrownBy(() -> read(dir)).hasMessageContaining("directory");
    assertThatThrownBy(() -> read(dir.resolve("none"))).hasMessageContaining("does not exist");
  }

  @Test
  void columnsAndSeparatorCanBeNamed() throws IOException {
    Path file = Files.writeString(dir.resolve("own.csv"), "Kommentartext~Note\ngut~5\n");
    ReadOptions options =
        new ReadOptions(null, '~', Map.of("text", "Kommentartext", "stars", "Note"));
    Row.Good row = good(RowReader.of(file, options, RowPurpose.FEEDBACK).readAll(), 0);
    assertThat(row.text("text")).isEqualTo("gut");
    assertThat(row.text("stars")).isEqualTo("5");
    Path nested = Files.writeString(dir.resolve("n.json"), "{\"a\":{\"b\":\"gut\"},\"c\":\"1\"}");
    ReadOptions path = new ReadOptions(null, null, Map.of("text", "a.b", "label", "c"));
    assertThat(good(RowReader.of(nested, path, RowPurpose.FEEDBACK).readAll(), 0).text("text"))
        .isEqualTo("gut");
    ReadOptions wrong = new ReadOptions(null, null, Map.of("text", "Nothing"));
    assertThatThrownBy(
            () ->
                RowReader.of(
                        Files.writeString(dir.resolve("x.csv"), "text,label\na,1\n"),
                        wrong,
                        RowPurpose.FEEDBACK)
                    .readAll())
        .hasMessageContaining("Nothing");
  }

  @Test
  void memoryIsBoundedByARowAndALongOneCostsItself() throws IOException {
    String longText = "x".repeat(Lines.LONGEST + 10);
    List<Row> rows = read("text,label\n" + longText + ",positive\ngood,positive\n");
    assertThat(rows.get(0)).isInstanceOf(Row.Bad.class);
    assertThat(good(rows, 1).text("text")).isEqualTo("good");
    rows = read("{\"text\":\"" + longText + "\",\"label\":1}\n{\"text\":\"good\",\"label\":1}\n");
    assertThat(rows.get(0)).isInstanceOf(Row.Bad.class);
    assertThat(good(rows, 1).text("text")).isEqualTo("good");
  }

  @Test
  void latinOneAndBytesOfUtf16WithoutMarkAreTold() throws IOException {
    Path latin =
        Files.write(dir.resolve("l.csv"), "text,label\ncafé,positive\n".getBytes(ISO_8859_1));
    assertThat(good(read(latin), 0).text("text")).isEqualTo("café");
    for (Charset utf16 : List.of(UTF_16LE, UTF_16BE)) {
      Path file = Files.write(dir.resolve("u.txt"), "text\tlabel\n汤很好\tpositive\n".getBytes(utf16));
      assertThat(good(read(file), 0).text("text")).isEqualTo("汤很好");
    }
  }

  private List<Row> read(String content) throws IOException {
    return read(Files.writeString(dir.resolve("rows"), content));
  }

  private List<Row> read(RowPurpose purpose, String content) throws IOException {
    Path file = Files.writeString(dir.resolve("rows"), content);
    return RowReader.of(file, ReadOptions.RECOGNISE, purpose).readAll();
  }

  private static List<Row> read(Path file) throws IOException {
    return RowReader.of(file, ReadOptions.RECOGNISE, RowPurpose.FEEDBACK).readAll();
  }

  private static List<Row> stream(String content) throws IOException {
    return RowReader.of(
            new ByteArrayInputStream(content.getBytes(UTF_8)),
            "standard input",
            ReadOptions.RECOGNISE,
            RowPurpose.FEEDBACK)
        .readAll();
  }

  private static Row.Good good(List<Row> rows, int index) {
    return (Row.Good) rows.get(index);
  }
}
