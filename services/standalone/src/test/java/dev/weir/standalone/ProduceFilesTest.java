package dev.weir.standalone;

import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.contract.event.EventJson;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

/**
 * Files as spreadsheets, labeling tools and scripts write them, through {@code weir produce
 * feedback --dry-run --json}: what is sent, what is refused, and the exit code.
 *
 * <p>Where the folder of collected cases lies beside the repository, its file of the same name has
 * the same outcome.
 */
@SuppressWarnings("StringConcatToTextBlock") // a line per row reads better here
class ProduceFilesTest {

  private static final Path COLLECTED = Path.of("..", "..", "..", "shared", "cases");
  private static final String FRENCH =
      "text,label\r\n"
          + "Le café était délicieux,positive\r\n"
          + "Très déçu par le dîner,negative\r\n"
          + "Service “rapide” – parfait,positive\r\n"
          + "Trop cher à 30 €,negative\r\n";
  private static final String TOPICS = "default=sports,politics";

  @TempDir Path dir;
  private String said = "";

  /** One file: its bytes, the labels that are declared, and what must come of it. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Case(String name, byte[] content, String adapters, int rows, int bad, int code) {
    @Override
    public String toString() {
      return name + " by " + adapters;
    }
  }

  private static Case of(String name, String content, int rows, int bad) {
    return new Case(name, content.getBytes(UTF_8), "", rows, bad, bad > 0 || rows == 0 ? 1 : 0);
  }

  private static Case topics(String name, String content, int rows, int bad) {
    return new Case(name, content.getBytes(UTF_8), TOPICS, rows, bad, bad > 0 || rows == 0 ? 1 : 0);
  }

  static List<Case> cases() {
    String two = "{\"text\":\"Good soup\",\"label\":\"positive\"}";
    String three = "{\"text\":\"Cold soup\",\"label\":\"negative\"}";
    String sports = "text,label\nthe match,%s\na late goal,%s\nthe budget,%s\nthe minister,%s\n";
    return List.of(
        new Case("n2-cp1252.csv", FRENCH.getBytes(Charset.forName("windows-1252")), "", 4, 0, 0),
        new Case("n2-utf8bom.csv", ("\uFEFF" + FRENCH).getBytes(UTF_8), "", 4, 0, 0),
        new Case("n2-utf16le.csv", ("\uFEFF" + FRENCH).getBytes(UTF_16LE), "", 4, 0, 0),
        new Case(
            "n2-utf16le-tab.txt",
            ("\uFEFF" + FRENCH.replace(',', '\t')).getBytes(UTF_16LE),
            "",
            4,
            0,
            0),
        of(
            "n3-semicolon.csv",
            "text;label\r\nGood soup;positive\r\nCold soup, rude waiter;negative\r\n",
            2,
            0),
        of(
            "n3-semicolon-2.csv",
            "id;text;label\r\n1;Good soup;positive\r\n2;Cold soup;negative\r\n",
            2,
            0),
        of(
            "n3-sep-line.csv",
            "sep=;\r\ntext;label\r\nGood soup;positive\r\nCold soup;negative\r\n",
            2,
            0),
        of(
            "n4-amazon.jsonl",
            "{\"reviewText\":\"Good soup\",\"overall\":5.0}\n"
                + "{\"reviewText\":\"Cold soup\",\"overall\":1.0}\n",
            2,
            0),
        of(
            "n4-argilla.jsonl",
            "{\"text\":\"Good"
                + " soup\",\"label.responses\":[\"positive\"],\"label.responses.status\":[\"submitted\"],\"label.suggestion\":null}\n"
                + "{\"text\":\"Cold"
                + " soup\",\"label.responses\":[\"negative\"],\"label.responses.status\":[\"discarded\"],\"label.suggestion\":null}\n",
            1,
            0),
        of("n4-doccano-empty.jsonl", "{\"id\":4,\"text\":\"Good soup\",\"label\":[]}\n", 0, 0),
        of(
            "n4-doccano-labels.jsonl",
            "{\"text\":\"Good soup\",\"labels\":[\"positive\"]}\n"
                + "{\"text\":\"Cold soup\",\"labels\":[\"negative\"]}\n",
            2,
            0),
        of(
            "n4-doccano-old.jsonl",
            "{\"id\":1,\"data\":\"Good soup\",\"label\":[\"positive\"]}\n"
                + "{\"id\":2,\"data\":\"Cold soup\",\"label\":[\"negative\"]}\n",
            2,
            0),
        of(
            "n4-doccano.jsonl",
            "{\"id\":1,\"text\":\"Good soup\",\"label\":[\"positive\"],\"Comments\":[]}\n"
                + "{\"id\":2,\"text\":\"Cold soup\",\"label\":[\"negative\"],\"Comments\":[]}\n",
            2,
            0),
        of(
            "n4-hf-sst2.jsonl",
            "{\"sentence\":\"Good soup\",\"label\":1,\"idx\":0}\n"
                + "{\"sentence\":\"Cold soup\",\"label\":0,\"idx\":1}\n",
            2,
            0),
        of(
            "n4-labelstudio-min.json",
            "[{\"id\": 1, \"text\": \"Good soup\", \"sentiment\": \"Positive\", \"annotator\": 1},"
                + " {\"id\": 2, \"text\": \"Cold soup\", \"sentiment\": \"Negative\","
                + " \"annotator\": 1}]",
            2,
            0),
        of(
            "n4-labelstudio.csv",
            "annotation_id,annotator,created_at,id,lead_time,sentiment,text,updated_at\n"
                + "11,1,x,1,3.2,Positive,Good soup,x\n"
                + "12,1,x,2,2.2,Negative,Cold soup,x\n",
            2,
            0),
        of(
            "n4-labelstudio.json",
            "[" + task("Good soup", "positive") + "," + task("Cold soup", "negative") + "]",
            2,
            0),
        of(
            "n4-prodigy.jsonl",
            "{\"text\":\"Good"
                + " soup\",\"label\":\"positive\",\"_view_id\":\"classification\",\"answer\":\"accept\"}\n"
                + "{\"text\":\"Cold"
                + " soup\",\"label\":\"positive\",\"_view_id\":\"classification\",\"answer\":\"reject\"}\n"
                + "{\"text\":\"Soup\",\"label\":\"positive\",\"_view_id\":\"classification\",\"answer\":\"ignore\"}\n",
            1,
            0),
        of(
            "prodigy-choice",
            "{\"text\":\"Good"
                + " soup\",\"options\":[{\"id\":\"positive\"}],\"accept\":[\"positive\"],\"answer\":\"accept\",\"_task_hash\":1}\n",
            1,
            0),
        of(
            "argilla-2",
            "{\"id\":\"a\",\"fields\":{\"text\":\"Good"
                + " soup\"},\"responses\":{\"label\":[{\"value\":\"positive\",\"user_id\":\"u\"}]},\"status\":\"completed\"}\n",
            1,
            0),
        of(
            "rubrix",
            "{\"text\":\"Good"
                + " soup\",\"prediction\":null,\"annotation\":\"positive\",\"status\":\"Validated\"}\n"
                + "{\"text\":\"Cold"
                + " soup\",\"prediction\":null,\"annotation\":\"negative\",\"status\":\"Discarded\"}\n",
            1,
            0),
        of(
            "spacy",
            "{\"text\":\"Good soup\",\"cats\":{\"POSITIVE\":1.0,\"NEGATIVE\":0.0}}\n",
            1,
            0),
        of(
            "labelstudio-cancelled",
            "["
                + task("Good soup", "positive")
                    .replace("\"result\"", "\"was_cancelled\":true,\"result\"")
                + "]",
            0,
            0),
        of(
            "hf-viewer",
            "{\"row_idx\":0,\"row\":{\"text\":\"Good soup\",\"label\":1},\"truncated_cells\":[]}\n",
            1,
            0),
        of("several-labels", "{\"text\":\"Soup\",\"label\":[\"positive\",\"negative\"]}\n", 0, 1),
        of(
            "n5-nbsp.csv",
            "text,label\n"
                + "Good soup,positive\u00A0\n"
                + "Cold soup,\u00A0negative\n"
                + "Fine soup,positive\n"
                + "Bad soup,\u200Bnegative\n",
            4,
            0),
        of("n5-mixed-case.csv", sports.formatted("Sports", "sports", "politics", "Politics"), 0, 4),
        topics(
            "n5-mixed-case.csv",
            sports.formatted("Sports", "sports", "politics", "Politics"),
            4,
            0),
        topics(
            "n5-trailing-space.csv",
            sports.formatted("sports ", "sports", "politics", " politics"),
            4,
            0),
        topics(
            "n5-nbsp-topics.jsonl",
            "{\"text\":\"a\",\"label\":\"sports\u00A0\"}\n"
                + "{\"text\":\"b\",\"label\":\"sports\"}\n"
                + "{\"text\":\"c\",\"label\":\"politics\"}\n"
                + "{\"text\":\"d\",\"label\":\"politics\"}\n",
            4,
            0),
        of(
            "n6-bool-labels.jsonl",
            "{\"text\":\"Good soup\",\"label\":true}\n{\"text\":\"Cold soup\",\"label\":false}\n",
            2,
            0),
        of("n6-float-labels.csv", "text,label\na,1.0\nb,0.0\nc,1.0\nd,0.0\n", 4, 0),
        of(
            "n6-float-labels.jsonl",
            "{\"text\":\"a\",\"label\":1.0}\n{\"text\":\"b\",\"label\":0.0}\n",
            2,
            0),
        of("n6-int-labels.csv", "text,label\na,1\nb,0\n", 2, 0),
        of("n6-minus-one.csv", "text,label\na,1\nb,-1\n", 0, 2),
        of("stars as labels", "text,label\na,1\nb,2\nc,5\n", 0, 3),
        of(
            "n6-stars-comma.csv",
            "text,stars\n\"Good soup\",\"4,5\"\n\"Cold soup\",\"1,0\"\n",
            2,
            0),
        of(
            "n7-backslash.csv",
            "text,label\n"
                + "\"He said \\\"great\\\", she left\",positive\n"
                + "Bad soup,negative\n"
                + "Good soup,positive\n",
            2,
            1),
        of(
            "n7-inner-quote.csv",
            "text,label\n5\" screen is fine,positive\nBad soup,negative\n",
            2,
            0),
        of(
            "n7-single-quotes.csv",
            "text,label\n'Good soup, again',positive\nBad soup,negative\n",
            1,
            1),
        of(
            "n7-stray-quote.tsv",
            "text\tlabel\n"
                + "\"Excellent\" was too weak a word\tpositive\n"
                + "Bad soup\tnegative\n"
                + "Good soup\tpositive\n",
            2,
            1),
        of("t-array.json", "[" + two + "," + three + "]", 2, 0),
        of("t-array.jsonl", "[" + two + "," + three + "]\n", 2, 0),
        of("t-pretty.jsonl", two.replace(",", ",\n ") + "\n" + three.replace(",", ",\n "), 2, 0),
        of(
            "t-dup-keys.jsonl",
            "{\"text\":\"Good soup\",\"text\":\"Cold soup\",\"label\":\"negative\"}\n",
            0,
            1),
        of("t-empty.csv", "", 0, 0),
        of("t-header-only.csv", "text,label\n", 0, 0),
        of(
            "t-excel-blank-rows.csv",
            "text,label\r\nGood soup,positive\r\n,\r\n,\r\nCold soup,negative\r\n",
            2,
            0),
        of(
            "t-label-and-sentiment.csv",
            "text,label,sentiment\nGood soup,positive,negative\n",
            0,
            0),
        of("t-nan.jsonl", "{\"text\":\"Good soup\",\"label\":NaN}\n" + three + "\n", 1, 1),
        of("t-no-header.csv", "Good soup,positive\nCold soup,negative\n", 0, 0),
        of(
            "t-trailing-comma.csv",
            "text,label,\r\nGood soup,positive,\r\nCold soup,negative,\r\n",
            2,
            0),
        of(
            "fasttext.txt",
            "__label__positive Good soup, really\n__label__negative Cold soup\nsoup\n"
                + "__label__positive __label__negative soup\n",
            2,
            2),
        of("sep-tab.csv", "sep=\t\r\ntext\tlabel\r\nGood soup\tpositive\r\n", 1, 0),
        of(
            "lost characters",
            "text,label\nLe caf\uFFFD,positive\nNaN,positive\nNone,negative\nCold,negative\n",
            1,
            3),
        of(
            "lost characters in JSON",
            "{\"text\":\"caf\\ufffd\",\"label\":\"positive\"}\n"
                + "{\"text\":NaN,\"label\":\"positive\"}\n",
            0,
            2),
        of("stars to ten", "text,rating\na,10\nb,2\nc,4\n", 0, 3),
        of("stars to one", "text,score\na,0.5\nb,1.0\n", 0, 2),
        of("some stars between", "text,stars\na,5\nb,3\nc,1\nd,0\n", 2, 2),
        of("rows by number", "{\"0\":{\"text\":\"a\"},\"1\":{\"text\":\"b\"}}", 0, 0),
        of("rows as split", "{\"columns\":[\"text\",\"label\"],\"data\":[[\"a\",\"b\"]]}", 0, 1),
        of("one-column sets", "{\"text\":{\"0\":\"a\"},\"label\":{\"0\":\"positive\"}}", 0, 0),
        new Case(
            "turkish.csv",
            "text,label\nÇok güzel çorba ışık,positive\nSoğuk,negative\n"
                .getBytes(Charset.forName("windows-1254")),
            "",
            0,
            0,
            1),
        new Case(
            "shift-jis.csv",
            "text,label\nスープが美味しい,positive\n冷たいスープ,negative\n"
                .getBytes(Charset.forName("Shift_JIS")),
            "",
            0,
            0,
            1),
        of("no text and no review", "label,source\npositive,me\n", 0, 0),
        of("text or review missing", "id,text,label\n,,positive\nr1,,negative\n", 1, 1));
  }

  private static String task(String text, String label) {
    return "{\"id\":1,\"data\":{\"text\":\"%s\"},\"annotations\":[{\"id\":11,\"result\":[{\"from_name\":\"sentiment\",\"to_name\":\"text\",\"type\":\"choices\",\"value\":{\"choices\":[\"%s\"]}}]}]}"
        .formatted(text, label);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void everyRowThatIsMeantIsReadOrRefusedByName(Case each) throws IOException {
    check(each, Files.write(dir.resolve("made-" + each.name().replace(' ', '-')), each.content()));
    Path collected = COLLECTED.resolve(each.name());
    if (Files.isRegularFile(collected)) {
      check(each, collected);
    }
  }

  private void check(Case each, Path file) throws IOException {
    Map<String, String> environment =
        each.adapters().isEmpty() ? Map.of() : Map.of("WEIR_ADAPTERS", each.adapters());
    JsonNode counts = dryRun(environment, each.code(), "feedback", file.toString());
    assertThat(counts.get("rows").asInt()).as("rows%n%s", said).isEqualTo(each.rows());
    assertThat(counts.get("bad").asInt()).as("bad%n%s", said).isEqualTo(each.bad());
    assertThat(counts.fieldNames())
        .toIterable()
        .containsExactly("rows", "bad", "recognised", "labels");
    int labeled = 0;
    for (JsonNode count : counts.get("labels")) {
      labeled += count.asInt();
    }
    assertThat(labeled).as("labels%n%s", said).isEqualTo(each.rows());
  }

  @Test
  void strayQuotationMarksAreToldByLineInTheirFile() throws IOException {
    StringBuilder table = new StringBuilder("text\tlabel\n");
    for (int i = 0; i < 12; i++) {
      table
          .append(i == 3 || i == 9 ? "\"" : "")
          .append("row number ")
          .append(i)
          .append(i % 2 == 0 ? "\tnegative\n" : "\tpositive\n");
    }
    Path file = Files.writeString(dir.resolve("swallow.tsv"), table);
    JsonNode counts = dryRun(Map.of(), 1, "feedback", file.toString());
    assertThat(counts.get("rows").asInt()).isEqualTo(10);
    assertThat(counts.get("bad").asInt()).isEqualTo(2);
    assertThat(said).contains("line 5: ", "line 11: ");
    assertThat(
            dryRun(Map.of(), 0, "feedback", file.toString(), "--skip-bad-rows").get("rows").asInt())
        .isEqualTo(10);
  }

  @Test
  void oneFaultOfAllRowsIsToldOnce() throws IOException {
    StringBuilder table = new StringBuilder("text,label\n");
    for (int i = 0; i < 500; i++) {
      table.append("a, b and c ").append(i).append(",positive\n");
    }
    Path file = Files.writeString(dir.resolve("unquoted.csv"), table);
    dryRun(Map.of(), 1, "feedback", file.toString());
    assertThat(said.lines().filter(line -> line.contains("quotes around"))).hasSize(1);
    dryRun(Map.of("WEIR_ADAPTERS", TOPICS), 1, "feedback", write("text,label\na,good\nb,bad\n"));
    assertThat(said).contains("'good' (1), 'bad' (1)", "sports", "politics");
  }

  @Test
  void columnsThatCannotBeRecognisedCanBeNamed() throws IOException {
    String file = write("Kommentar des Gastes;Note\ngut;5\nkalt;1,0\n");
    dryRun(Map.of(), 1, "feedback", file);
    assertThat(said).contains("Kommentar des Gastes", "--map");
    JsonNode counts =
        dryRun(
            Map.of(),
            0,
            "feedback",
            file,
            "--map",
            "text=Kommentar des Gastes",
            "--map",
            "stars=Note");
    assertThat(counts.get("labels").get("positive").asInt()).isEqualTo(1);
    assertThat(counts.get("labels").get("negative").asInt()).isEqualTo(1);
  }

  @Test
  void reviewsNeedATextAlone() throws IOException {
    assertThat(
            dryRun(Map.of(), 0, "reviews", write("text,label\na,\nb,whatever\n"))
                .get("rows")
                .asInt())
        .isEqualTo(2);
    assertThat(
            dryRun(
                    Map.of(),
                    0,
                    "reviews",
                    write("{\"text\":\"a\",\"answer\":\"reject\",\"_view_id\":\"x\"}\n"))
                .get("rows")
                .asInt())
        .isEqualTo(1);
  }

  @Test
  void trainingReadsByTheSameReaderAndRefusesWhatItCannotUse() throws IOException {
    assertThat(train(write("text,label\na,Sports\nb,sports\nc,politics\n"))).isEqualTo(1);
    assertThat(said).contains("Sports", "letter case");
    assertThat(train(write("text,label\na,sports\nb,sports\n"))).isEqualTo(1);
    assertThat(said).contains("'sports' alone");
    assertThat(train(write("text,label\na,sports\nb,politics\nc,d,politics\n"))).isEqualTo(1);
    assertThat(said).contains("--skip-bad-rows", "line 4");
    assertThat(said.lines().count()).as("no usage after a fault in the data").isLessThan(5);
  }

  private String write(String content) throws IOException {
    return Files.writeString(dir.resolve("rows.txt"), content).toString();
  }

  private int train(String file) {
    return run(
        Map.of(), "train", "--data", file, "--eval", file, "--out", dir.resolve("out").toString());
  }

  private JsonNode dryRun(Map<String, String> environment, int code, String... arguments)
      throws IOException {
    String[] all = new String[arguments.length + 3];
    all[0] = "produce";
    System.arraycopy(arguments, 0, all, 1, arguments.length);
    all[arguments.length + 1] = "--dry-run";
    all[arguments.length + 2] = "--json";
    StringWriter out = new StringWriter();
    int ended = run(environment, out, all);
    assertThat(ended).as("%s", said).isEqualTo(code);
    List<String> lines = out.toString().strip().lines().toList();
    return EventJson.mapper().readTree(lines.get(lines.size() - 1));
  }

  private int run(Map<String, String> environment, String... arguments) {
    return run(environment, new StringWriter(), arguments);
  }

  private int run(Map<String, String> environment, StringWriter out, String... arguments) {
    StringWriter err = new StringWriter();
    CommandLine line = WeirMain.commandLine(environment);
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(err));
    int code = line.execute(arguments);
    said = out + "\n" + err;
    return code;
  }
}
