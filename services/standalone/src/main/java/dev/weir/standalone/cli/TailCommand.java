package dev.weir.standalone.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.contract.event.EventJson;
import dev.weir.contract.topic.Topics;
import dev.weir.service.config.Settings;
import dev.weir.service.process.CommonSettings;
import dev.weir.standalone.loop.TopicReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Prints the records of a topic as JSON lines while they come. */
@Command(
    name = "tail",
    mixinStandardHelpOptions = true,
    description = "Print a topic's records as JSON lines, as they come.")
final class TailCommand implements Callable<Integer> {

  /** What can be followed. */
  enum Stream {
    reviews,
    classifications,
    shadow_classifications,
    feedback,
    examples,
    training_batches,
    training_events,
    adapters,
    label_requests,
    dead_letters
  }

  private final Map<String, String> environment;

  @Parameters(
      paramLabel = "TOPIC",
      converter = StreamName.class,
      description =
          "reviews, classifications, shadow-classifications, feedback, examples, training-batches,"
              + " training-events, adapters, label-requests or dead-letters")
  private @Nullable Stream stream;

  @Option(names = "--from-beginning", description = "start with the oldest record")
  private boolean fromBeginning;

  @Option(
      names = "--max",
      paramLabel = "N",
      description = "end after N records (default: never)",
      defaultValue = "9223372036854775807")
  private long max;

  @Mixin private ConnectionOptions connection = new ConnectionOptions();

  @Spec private @Nullable CommandSpec spec;

  TailCommand(Map<String, String> environment) {
    this.environment = environment;
  }

  @Override
  public Integer call() {
    Settings settings = connection.clientSettings(environment);
    Topics topics = settings.get(CommonSettings.TOPIC_PREFIX);
    CommandSpec command = java.util.Objects.requireNonNull(spec);
    PrintWriter out = command.commandLine().getOut();
    Stream followed = java.util.Objects.requireNonNull(stream);
    try (TopicReader reader =
        TopicReader.open(CommonSettings.kafka(settings), names(topics, followed), fromBeginning)) {
      long printed = 0;
      // The reader of the output may go first: weir tail … | head -1.
      while (printed < max && !outputGone(out)) {
        for (ConsumerRecord<byte[], byte[]> record : reader.poll(Duration.ofMillis(500))) {
          if (printed++ < max && !outputGone(out)) {
            out.println(
                followed == Stream.dead_letters ? deadLetter(record) : text(record.value()));
          }
        }
        out.flush();
      }
    }
    return 0;
  }

  /**
   * Whether nobody reads the output any more; a writer keeps that for itself, so both are asked.
   */
  private static boolean outputGone(PrintWriter out) {
    return out.checkError() || System.out.checkError();
  }

  private static List<String> names(Topics topics, Stream stream) {
    return switch (stream) {
      case reviews -> List.of(topics.reviews());
      case classifications -> List.of(topics.classifications());
      case shadow_classifications -> List.of(topics.shadowClassifications());
      case feedback -> List.of(topics.feedback());
      case examples -> List.of(topics.examples());
      case training_batches -> List.of(topics.trainingBatches());
      case training_events -> List.of(topics.trainingEvents());
      case adapters -> List.of(topics.adapters());
      case label_requests -> List.of(topics.labelRequests());
      case dead_letters ->
          List.of(topics.deadLetters(topics.reviews()), topics.deadLetters(topics.feedback()));
    };
  }

  private static String deadLetter(ConsumerRecord<byte[], byte[]> record) {
    ObjectNode json = EventJson.mapper().createObjectNode();
    for (Header header : record.headers()) {
      json.put(header.key(), text(header.value()));
    }
    json.put("key", record.key() == null ? null : text(record.key()));
    json.put("value", record.value() == null ? null : text(record.value()));
    if (record.value() != null) {
      // Text may hide bytes that are not UTF-8; these are the original ones.
      json.put("valueBase64", Base64.getEncoder().encodeToString(record.value()));
    }
    return json.toString();
  }

  private static String text(byte @Nullable [] bytes) {
    return bytes == null ? "null" : new String(bytes, StandardCharsets.UTF_8);
  }

  /** Accepts the topic's own spelling, with hyphens. */
  static final class StreamName implements picocli.CommandLine.ITypeConverter<Stream> {
    @Override
    public Stream convert(String written) {
      for (Stream known : Stream.values()) {
        if (known.name().equalsIgnoreCase(written.replace('-', '_'))) {
          return known;
        }
      }
      throw new picocli.CommandLine.TypeConversionException(
          "'" + written + "' is not a topic of Weir; see weir tail --help");
    }
  }
}
