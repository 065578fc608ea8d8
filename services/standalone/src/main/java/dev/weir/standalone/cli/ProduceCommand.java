package dev.weir.standalone.cli;

import dev.weir.contract.event.EventJson;
import dev.weir.contract.topic.Topics;
import dev.weir.service.config.Settings;
import dev.weir.service.process.CommonSettings;
import dev.weir.standalone.loop.EventProducer;
import dev.weir.standalone.loop.Pace;
import dev.weir.standalone.loop.TopicReader;
import dev.weir.standalone.rows.Row;
import dev.weir.standalone.rows.RowFileException;
import dev.weir.standalone.rows.RowPurpose;
import dev.weir.standalone.rows.RowReader;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Sends rows of a file to {@code reviews} or {@code feedback}; a bad row is reported, not sent. */
@Command(
    name = "produce",
    mixinStandardHelpOptions = true,
    description = {
      "Send reviews or feedback from a file: JSON lines or arrays, CSV and other tables with a"
          + " header, exports of Label Studio, doccano, Prodigy and Argilla.",
      "Columns: text (or review), label (or sentiment), id, adapter; feedback also stars, verdict,"
          + " reviewId, source. Encoding, separator and columns are recognised, and said.",
      "Labels are checked by WEIR_ADAPTERS before anything is sent. A bad row is reported with its"
          + " line number, the rest goes through, and the exit code is 1."
    })
final class ProduceCommand implements Callable<Integer> {

  /** What to send. */
  enum Kind {
    reviews,
    feedback
  }

  private final Map<String, String> environment;

  @Parameters(index = "0", paramLabel = "reviews|feedback", description = "what the rows are")
  private @Nullable Kind kind;

  @Parameters(index = "1", paramLabel = "FILE|-", description = "the file, or - for standard input")
  private @Nullable String file;

  @Option(
      names = "--rate",
      paramLabel = "N",
      description = "rows per second at most (default: as fast as Kafka takes them)")
  private double rate;

  @Option(names = "--adapter", description = "adapter for rows that name none")
  private @Nullable String adapter;

  @Option(
      names = "--source",
      description = "source for feedback rows that name none (default: cli)")
  private String source = "cli";

  @Option(
      names = "--raw",
      description = "send each line's bytes as they are, unchecked (to try out dead letters)")
  private boolean raw;

  @Option(
      names = "--dry-run",
      description = "read and check everything, send nothing; needs no Kafka")
  private boolean dryRun;

  @Option(names = "--skip-bad-rows", description = "end with 0 although bad rows were left out")
  private boolean skipBadRows;

  @Option(names = "--json", description = "print the counts as JSON on the last line")
  private boolean json;

  @Mixin private RowOptions rowOptions = new RowOptions();

  @Mixin private ConnectionOptions connection = new ConnectionOptions();

  @Spec private @Nullable CommandSpec spec;

  ProduceCommand(Map<String, String> environment) {
    this.environment = environment;
  }

  /** What was found in a file. */
  private static final class Tally {
    private long rows;
    private final BadRows bad = new BadRows();
    private final Map<String, Long> skipped = new TreeMap<>();
    private @Nullable String recognised;
    private @Nullable String refused;
    private Map<String, Long> labels = Map.of();
  }

  @Override
  public Integer call() throws IOException {
    CommandSpec command = Objects.requireNonNull(spec);
    if (rate < 0) {
      throw new ParameterException(
          command.commandLine(), "--rate is " + rate + "; it must be above 0");
    }
    if (raw && dryRun) {
      throw new ParameterException(
          command.commandLine(), "--raw checks nothing, so it has no --dry-run; leave one out");
    }
    Settings settings = connection.clientSettings(environment);
    Topics topics = settings.get(CommonSettings.TOPIC_PREFIX);
    String topic = kind == Kind.reviews ? topics.reviews() : topics.feedback();
    if (raw) {
      return sendRaw(settings, topic);
    }
    String input = Objects.requireNonNull(file);
    if (!input.equals("-") && !Files.exists(Path.of(input))) {
      return produce(settings, topic, Path.of(input)); // Refused by name, before Kafka is asked.
    }
    boolean twice = !input.equals("-") && Files.isRegularFile(Path.of(input));
    if (!twice && kind == Kind.feedback && !Files.isDirectory(Path.of(input))) {
      return spooled(settings, topic);
    }
    return produce(settings, topic, twice ? Path.of(input) : null);
  }

  /** Feedback is read twice, so that no label is sent before all are known: a pipe is kept. */
  private int spooled(Settings settings, String topic) throws IOException {
    String input = Objects.requireNonNull(file);
    Path copy = Files.createTempFile("weir-rows", null);
    copy.toFile().deleteOnExit(); // Ctrl-C leaves nothing behind either.
    try {
      try (InputStream in = input.equals("-") ? System.in : Files.newInputStream(Path.of(input))) {
        Files.copy(in, copy, StandardCopyOption.REPLACE_EXISTING);
      }
      return produce(settings, topic, copy);
    } finally {
      Files.deleteIfExists(copy);
    }
  }

  private int produce(Settings settings, String topic, @Nullable Path regular) throws IOException {
    Tally tally = new Tally();
    if (regular != null || dryRun) {
      check(settings, regular, tally);
      tell(tally, regular != null);
      if (dryRun || tally.refused != null || tally.rows == 0) {
        return finish(tally, topic, "would be sent", 0);
      }
    }
    // Opening a reader proves that broker and topic are there, with one clear line if not.
    TopicReader.open(CommonSettings.kafka(settings), List.of(topic), false).close();
    long started = System.nanoTime();
    Tally sent = send(settings, topic, regular);
    sent.labels = regular == null ? sent.labels : tally.labels;
    PrintWriter err = Objects.requireNonNull(spec).commandLine().getErr();
    if (regular == null) {
      tell(sent, true);
      if (sent.refused != null) {
        sent.bad.print(shownName(), sent.rows, err);
      }
    } else if (sent.refused != null) {
      err.println("weir: " + sent.refused + " (the file was changed while it was read)");
      err.flush();
    }
    return finish(sent, topic, "sent", (System.nanoTime() - started) / 1e9);
  }

  private RowReader reader(@Nullable Path regular) {
    String input = Objects.requireNonNull(file);
    RowPurpose purpose = kind == Kind.reviews ? RowPurpose.REVIEWS : RowPurpose.FEEDBACK;
    if (regular != null) {
      return RowReader.of(regular, shownName(), rowOptions.read(), purpose);
    }
    return input.equals("-")
        ? RowReader.of(System.in, shownName(), rowOptions.read(), purpose)
        : RowReader.of(Path.of(input), shownName(), rowOptions.read(), purpose);
  }

  private String shownName() {
    String input = Objects.requireNonNull(file);
    return input.equals("-") ? "standard input" : input;
  }

  private RowEvents events(Settings settings) {
    String input = Objects.requireNonNull(file);
    Path name = input.equals("-") ? null : Path.of(input).getFileName();
    return new RowEvents(
        Objects.requireNonNull(kind),
        settings.get(CommonSettings.ADAPTERS),
        adapter,
        source,
        name == null ? "stdin" : name.toString());
  }

  /** Reads everything and sends nothing. */
  private void check(Settings settings, @Nullable Path regular, Tally tally) throws IOException {
    RowEvents events = events(settings);
    RowReader reader = reader(regular);
    try {
      reader.read(
          row -> {
            if (take(row, events, tally) != null) {
              tally.rows++;
            }
          });
      tally.recognised = reader.recognised();
      tally.labels = events.labels();
      String refusal = events.refusal();
      if (refusal != null) {
        tally.refused = shownName() + " " + refusal;
      }
    } catch (RowFileException e) {
      tally.refused = e.getMessage();
    }
  }

  /** The row's event, or {@code null} for one that was counted as bad or skipped. */
  private static RowEvents.Outcome.@Nullable Event take(Row row, RowEvents events, Tally tally) {
    if (row instanceof Row.Bad broken) {
      tally.bad.add(broken.line(), broken.problem());
    } else if (row instanceof Row.Skipped skipped) {
      tally.skipped.merge(skipped.reason(), 1L, Long::sum);
    } else {
      RowEvents.Outcome outcome = events.of((Row.Good) row);
      if (outcome instanceof RowEvents.Outcome.Event event) {
        return event;
      }
      tally.bad.add(row.line(), ((RowEvents.Outcome.Refused) outcome).problem());
    }
    return null;
  }

  private Tally send(Settings settings, String topic, @Nullable Path regular) throws IOException {
    Tally tally = new Tally();
    RowEvents events = events(settings);
    RowReader reader = reader(regular);
    PrintWriter err = Objects.requireNonNull(spec).commandLine().getErr();
    try (EventProducer producer = new EventProducer(CommonSettings.kafka(settings));
        ProgressBar bar = ProgressBar.onConsole(err, "sending " + kind)) {
      Pace pace = new Pace(rate);
      reader.read(
          row -> {
            RowEvents.Outcome.Event event = take(row, events, tally);
            if (event != null) {
              pace.await();
              producer.sendBytes(topic, event.keyBytes(), event.value());
              bar.step(++tally.rows);
            }
          });
      producer.flush();
      tally.labels = events.labels();
    } catch (RowFileException e) {
      tally.refused = e.getMessage();
    }
    tally.recognised = reader.recognised();
    return tally;
  }

  /** Says what the file is and what is wrong with it. */
  private void tell(Tally tally, boolean withBadRows) {
    PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    if (tally.recognised != null) {
      out.println(shownName() + ": " + tally.recognised);
    }
    tally.skipped.forEach((reason, count) -> out.printf("left out: %d %s%n", count, reason));
    out.flush();
    if (tally.refused != null) {
      err.println("weir: " + tally.refused);
      err.flush();
    } else if (withBadRows || dryRun) {
      tally.bad.print(shownName(), tally.rows, err);
    }
  }

  private int finish(Tally tally, String topic, String done, double seconds) {
    PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
    long rows = tally.refused == null || done.equals("sent") ? tally.rows : 0;
    long bad = tally.bad.count() + tally.rows - rows;
    if (done.equals("sent")) {
      out.printf(
          "%d %s sent to topic %s in %.1f s (%.0f/s), %d bad rows left out%n",
          rows, kind, topic, seconds, rows / Math.max(seconds, 1e-3), bad);
      out.println(
          kind == Kind.reviews
              ? "see the answers: weir tail classifications; what was refused: weir tail"
                  + " dead-letters"
              : "see what is still missing for the next adapter: weir status; what was refused:"
                  + " weir tail dead-letters");
    } else {
      out.printf("%d %s would be sent to topic %s, %d bad rows%n", rows, kind, topic, bad);
    }
    if (rows == 0 && tally.refused == null && bad == 0) {
      spec.commandLine()
          .getErr()
          .println("weir: " + shownName() + " gives no row to send: all of it is left out");
      spec.commandLine().getErr().flush();
    }
    if (json) {
      Map<String, Object> counts = new LinkedHashMap<>();
      counts.put("rows", rows);
      counts.put("bad", bad);
      counts.put("recognised", tally.recognised == null ? "" : tally.recognised);
      counts.put("labels", tally.refused == null ? tally.labels : Map.of());
      out.println(new String(EventJson.write(counts), StandardCharsets.UTF_8));
    }
    out.flush();
    boolean complete = tally.refused == null && (bad == 0 || skipBadRows);
    return complete && rows > 0 ? 0 : 1;
  }

  private int sendRaw(Settings settings, String topic) throws IOException {
    String input = Objects.requireNonNull(file);
    PrintWriter err = Objects.requireNonNull(spec).commandLine().getErr();
    if (!input.equals("-") && !Files.isReadable(Path.of(input))) {
      throw new RowFileException(input, "cannot be read; name a readable file, or -");
    }
    TopicReader.open(CommonSettings.kafka(settings), List.of(topic), false).close();
    Tally tally = new Tally();
    long started = System.nanoTime();
    try (EventProducer producer = new EventProducer(CommonSettings.kafka(settings));
        ProgressBar bar = ProgressBar.onConsole(err, "sending " + kind);
        InputStream in =
            new BufferedInputStream(
                input.equals("-") ? System.in : Files.newInputStream(Path.of(input)))) {
      Pace pace = new Pace(rate);
      ByteArrayOutputStream line = new ByteArrayOutputStream();
      for (int b = in.read(); b >= 0 || line.size() > 0; b = in.read()) {
        if (b >= 0 && b != '\n') {
          line.write(b);
        } else {
          pace.await();
          producer.sendBytes(topic, null, line.toByteArray());
          bar.step(++tally.rows);
          line.reset();
        }
      }
      producer.flush();
    }
    return finish(tally, topic, "sent", (System.nanoTime() - started) / 1e9);
  }
}
