package dev.weir.standalone.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.common.config.CommonSettings;
import dev.weir.common.config.Settings;
import dev.weir.common.event.EventJson;
import dev.weir.common.event.EventReader;
import dev.weir.common.event.Parsed;
import dev.weir.common.event.Parsed.Rejected;
import dev.weir.common.topic.Topics;
import dev.weir.standalone.loop.EventProducer;
import dev.weir.standalone.loop.Pace;
import dev.weir.standalone.loop.TopicReader;
import dev.weir.standalone.rows.RowReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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
      "Send reviews or feedback from a file of JSON lines, or of CSV or TSV with a header.",
      "Columns: text (or review), label (or sentiment), id, adapter; feedback also stars, verdict,"
          + " reviewId, source.",
      "A bad row is reported with its line number; the rest goes through."
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

  @Mixin private ConnectionOptions connection = new ConnectionOptions();

  @Spec private @Nullable CommandSpec spec;

  private long sent;
  private long bad;

  ProduceCommand(Map<String, String> environment) {
    this.environment = environment;
  }

  @Override
  public Integer call() throws IOException {
    CommandSpec command = Objects.requireNonNull(spec);
    String input = Objects.requireNonNull(file);
    if (rate < 0) {
      throw new ParameterException(
          command.commandLine(), "--rate is " + rate + "; it must be above 0");
    }
    if (!input.equals("-") && !Files.isReadable(Path.of(input))) {
      throw new ParameterException(
          command.commandLine(), "cannot read '" + input + "'; name a readable file, or -");
    }
    Settings settings = connection.clientSettings(environment);
    Topics topics = settings.get(CommonSettings.TOPIC_PREFIX);
    String topic = kind == Kind.reviews ? topics.reviews() : topics.feedback();
    PrintWriter err = command.commandLine().getErr();
    // Opening a reader proves that broker and topic are there, with one clear line if not.
    TopicReader.open(CommonSettings.kafka(settings), List.of(topic), false).close();
    long started = System.nanoTime();
    try (EventProducer producer = new EventProducer(CommonSettings.kafka(settings));
        ProgressBar bar = ProgressBar.onConsole(err, "sending " + kind)) {
      Pace pace = new Pace(rate);
      if (raw) {
        sendRaw(input, topic, producer, pace, bar);
      } else {
        RowReader.read(input, System.in, row -> send(row, topic, producer, pace, bar, err));
      }
      producer.flush();
    } catch (NoSuchFileException e) {
      throw new ParameterException(command.commandLine(), "no file '" + e.getMessage() + "'", e);
    }
    double seconds = (System.nanoTime() - started) / 1e9;
    command
        .commandLine()
        .getOut()
        .printf(
            "%d %s sent to topic %s in %.1f s (%.0f/s), %d bad rows left out%n",
            sent, kind, topic, seconds, sent / Math.max(seconds, 1e-3), bad);
    return sent == 0 && bad > 0 ? 1 : 0;
  }

  private void send(
      RowReader.Row row,
      String topic,
      EventProducer producer,
      Pace pace,
      ProgressBar bar,
      PrintWriter err) {
    if (row instanceof RowReader.Row.Bad broken) {
      report(err, broken.line(), broken.problem());
      return;
    }
    RowReader.Row.Good good = (RowReader.Row.Good) row;
    ObjectNode event = good.fields().deepCopy();
    String id = complete(event, good);
    byte[] key = id.getBytes(StandardCharsets.UTF_8);
    byte[] value = EventJson.write(event);
    Parsed<?> parsed =
        kind == Kind.reviews ? EventReader.review(key, value) : EventReader.feedback(key, value);
    if (parsed instanceof Rejected<?> rejected) {
      report(err, good.line(), rejected.message());
      return;
    }
    pace.await();
    producer.sendBytes(topic, key, value);
    bar.step(++sent);
  }

  /** Fills in what the row leaves out; returns the record's key. */
  private String complete(ObjectNode event, RowReader.Row.Good row) {
    String name = Objects.requireNonNull(file).equals("-") ? "stdin" : fileName();
    String generated = name + "-" + row.line();
    if (adapter != null && !event.hasNonNull("adapter")) {
      event.put("adapter", adapter);
    }
    if (kind == Kind.reviews) {
      String id = row.text("id");
      event.put("id", id == null ? generated : id);
      return event.get("id").asText();
    }
    if (!event.hasNonNull("source")) {
      event.put("source", source);
    }
    if (!event.hasNonNull("reviewId")) {
      String id = row.text("id");
      if (id != null) {
        event.put("reviewId", id);
        event.remove("id");
      }
    }
    String reviewId = row.text("reviewId") == null ? row.text("id") : row.text("reviewId");
    return reviewId == null ? generated : reviewId;
  }

  private String fileName() {
    Path name = Path.of(Objects.requireNonNull(file)).getFileName();
    return name == null ? "row" : name.toString();
  }

  private void sendRaw(
      String input, String topic, EventProducer producer, Pace pace, ProgressBar bar)
      throws IOException {
    byte[] all = input.equals("-") ? System.in.readAllBytes() : Files.readAllBytes(Path.of(input));
    int start = 0;
    for (int i = 0; i <= all.length; i++) {
      if (i == all.length ? i > start : all[i] == '\n') {
        pace.await();
        producer.sendBytes(topic, null, Arrays.copyOfRange(all, start, i));
        bar.step(++sent);
        start = i + 1;
      }
    }
  }

  private void report(PrintWriter err, long line, String problem) {
    bad++;
    err.println("line " + line + ": " + problem);
    err.flush();
  }
}
