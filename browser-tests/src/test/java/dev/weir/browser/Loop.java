package dev.weir.browser;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.Limits;
import dev.weir.contract.event.Review;
import dev.weir.standalone.loop.EventProducer;
import dev.weir.standalone.loop.LocalLoop;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** The whole loop with its real base model, and the sample's reviews to put into it. */
final class Loop implements AutoCloseable {

  /** Labels that close a batch. */
  static final int BATCH = 30;

  private final LocalLoop loop;
  private final EventProducer producer;
  private final List<Sample> samples;

  /** One of the repository's own reviews with its right label. */
  record Sample(String id, String text, String label) {}

  /**
   * Starts a loop.
   *
   * @param more settings on top of the light ones of a test
   */
  Loop(Path directory, Map<String, String> more) throws IOException {
    Map<String, String> settings = new HashMap<>();
    settings.put("WEIR_HTTP_PORT", "0");
    settings.put("WEIR_CURATION_BATCH_SIZE", Integer.toString(BATCH));
    settings.put("WEIR_CURATION_HOLDOUT_SHARE", "0.3");
    settings.put("WEIR_CURATION_BATCH_AGE", "1h");
    settings.put("WEIR_TRAIN_MIN_HOLDOUT", "5");
    settings.put("WEIR_TRAIN_TARGETS", "query,value");
    settings.put("WEIR_TRAIN_RANK", "8");
    settings.put("WEIR_TRAIN_LAYERS", "2");
    settings.put("WEIR_TRAIN_EPOCHS", "1");
    settings.put("WEIR_TRAIN_BATCH_SIZE", "8");
    // Every review is wanted: the queue fills at once.
    settings.put("WEIR_SERVE_LABEL_REQUEST_MARGIN", "1");
    settings.putAll(more);
    loop = new LocalLoop(directory, 0, settings);
    loop.start();
    producer = new EventProducer(loop.kafka());
    samples = samples();
  }

  private static List<Sample> samples() throws IOException {
    List<Sample> samples = new ArrayList<>();
    try (InputStream in =
            Objects.requireNonNull(Loop.class.getResourceAsStream("/sample/reviews.jsonl"));
        BufferedReader lines =
            new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        JsonNode row = EventJson.mapper().readTree(line);
        samples.add(
            new Sample(
                row.get("id").asText(), row.get("text").asText(), row.get("label").asText()));
      }
    }
    return samples;
  }

  /** Where the console is. */
  String url() {
    return "http://127.0.0.1:" + loop.httpPort() + "/";
  }

  /** The sample's reviews from one to before another. */
  List<Sample> samples(int from, int to) {
    return samples.subList(from, to);
  }

  /** The right label of one of the sample's reviews. */
  Sample sample(String id) {
    return samples.stream().filter(each -> each.id().equals(id)).findFirst().orElseThrow();
  }

  /** Sends a review, as any producer would. */
  void send(String id, String text) {
    producer.send(
        loop.topics().reviews(),
        id,
        new Review(id, text, Limits.DEFAULT_ADAPTER, Instant.now(), Map.of()));
    producer.flush();
  }

  /** The loop itself, to read its topics. */
  LocalLoop local() {
    return loop;
  }

  @Override
  public void close() {
    producer.close();
    loop.close();
  }
}
