package dev.weir.benchmarks;

import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.Feedback;
import dev.weir.contract.event.TrainingBatch;
import dev.weir.contract.release.AdapterRecord;
import dev.weir.contract.release.Decision;
import dev.weir.contract.release.Method;
import dev.weir.contract.release.Release;
import dev.weir.standalone.loop.EventProducer;
import dev.weir.standalone.loop.LocalLoop;
import dev.weir.standalone.loop.TopicReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * Runs the whole loop on the built-in base, through Kafka, in three phases: general feedback until
 * every batch is decided; then batches of new examples one after the other, each timed from its
 * closing to the record of its head refresh and of its LoRA; then much feedback on one narrow
 * topic, against which the frozen set has to stand.
 *
 * <p>Arguments: JSON lines with {@code text} and {@code label}: general rows, new rows, narrow
 * rows; then how many batches of new rows, and how many narrow rows. Exit code 1 if a champion of
 * the last phase lost more than a point of the frozen set against the best before it.
 */
public final class LoopTimes implements AutoCloseable {
  private static final int BATCH = 64;
  private static final int NARROW_AT_ONCE = 250;
  private static final double POINT = 0.01;
  private static final Duration SILENCE = Duration.ofSeconds(8);

  private final LocalLoop loop;
  private final EventProducer producer;
  private final TopicReader reader;
  private final Map<String, TrainingBatch> batches = new TreeMap<>();
  private final List<Release> releases = new ArrayList<>();
  private final Set<String> decided = new HashSet<>();
  private Instant lastNews = Instant.now();
  private int printed;

  private LoopTimes(LocalLoop loop) {
    this.loop = loop;
    this.producer = new EventProducer(loop.kafka());
    List<String> topics = List.of(loop.topics().trainingBatches(), loop.topics().adapters());
    this.reader = TopicReader.open(loop.kafka(), topics, true);
  }

  public static void main(String[] args) throws IOException {
    List<Row> general = rows(args[0]);
    List<Row> fresh = rows(args[1]);
    List<Row> narrow = rows(args[2]);
    int rounds = Integer.parseInt(args[3]);
    int events = Math.min(Integer.parseInt(args[4]), narrow.size());
    boolean sound;
    LocalLoop loop = new LocalLoop(Files.createTempDirectory("weir-loop-"), 0, settings());
    try {
      loop.start();
      try (LoopTimes times = new LoopTimes(loop)) {
        times.feed("general", general);
        times.settle();
        for (int round = 0; round < rounds; round++) {
          times.feed("new", fresh.subList(round * BATCH, (round + 1) * BATCH));
          times.settle();
        }
        int before = times.releases.size();
        for (int from = 0; from < events; from += NARROW_AT_ONCE) {
          times.feed("narrow", narrow.subList(from, Math.min(events, from + NARROW_AT_ONCE)));
          times.settle();
        }
        sound = times.report(before, events);
      }
    } finally {
      loop.close();
      loop.deleteData();
    }
    System.exit(sound ? 0 : 1);
  }

  private static Map<String, String> settings() {
    Map<String, String> settings = new HashMap<>(System.getenv());
    settings.keySet().removeIf(name -> !name.startsWith("WEIR_"));
    settings.putIfAbsent("WEIR_HTTP_PORT", "0");
    settings.putIfAbsent("WEIR_CURATION_BATCH_SIZE", String.valueOf(BATCH));
    settings.putIfAbsent("WEIR_CURATION_BATCH_AGE", "1h");
    settings.putIfAbsent(
        "WEIR_TRAIN_THREADS", String.valueOf(Runtime.getRuntime().availableProcessors()));
    return settings;
  }

  private record Row(String id, String text, String label) {}

  private static List<Row> rows(String file) throws IOException {
    List<Row> rows = new ArrayList<>();
    try (MappingIterator<Map<String, Object>> lines =
        new ObjectMapper().readerForMapOf(Object.class).readValues(Path.of(file).toFile())) {
      while (lines.hasNext()) {
        Map<String, Object> row = lines.next();
        String id = Path.of(file).getFileName() + "/" + rows.size();
        rows.add(new Row(id, String.valueOf(row.get("text")), String.valueOf(row.get("label"))));
      }
    }
    return rows;
  }

  private void feed(String source, List<Row> rows) {
    System.out.printf("%n%d examples, source %s%n", rows.size(), source);
    for (Row row : rows) {
      Feedback feedback = Feedback.labeled(row.id(), row.text(), row.label(), source);
      producer.send(loop.topics().feedback(), row.id(), feedback);
    }
    producer.flush();
    lastNews = Instant.now();
  }

  /** Waits until nothing is undecided and nothing new has come for a while. */
  private void settle() {
    while (true) {
      reader.poll(Duration.ofMillis(100)).forEach(this::take);
      boolean open = batches.keySet().stream().anyMatch(batch -> !isDecided(batch));
      if (!open && Duration.between(lastNews, Instant.now()).compareTo(SILENCE) > 0) {
        return;
      }
    }
  }

  private boolean isDecided(String batch) {
    return decided.contains(batch + Method.LORA) && decided.contains(batch + Method.HEAD_REFRESH);
  }

  private void take(ConsumerRecord<byte[], byte[]> record) {
    lastNews = Instant.now();
    if (record.topic().equals(loop.topics().trainingBatches())) {
      TrainingBatch batch = EventJson.read(record.value(), TrainingBatch.class);
      batches.put(batch.id(), batch);
    } else if (AdapterRecord.read(record.key(), record.value()).orElse(null)
        instanceof AdapterRecord.Released released) {
      Release release = released.release();
      releases.add(release);
      decided.add(release.batchId() + release.method());
      if (!release.decision().reason().equals("superseded")) {
        print(release);
      }
    }
  }

  private void print(Release release) {
    if (printed++ == 0) {
      System.out.printf(
          "%-12s %-13s %-9s %-20s %6s %8s %9s %9s %8s %8s %9s%n",
          "version",
          "method",
          "outcome",
          "reason",
          "train",
          "holdout",
          "accuracy",
          "champion",
          "frozen",
          "best",
          "closed to");
    }
    Decision decision = release.decision();
    Decision.Frozen frozen = decision.frozen();
    System.out.printf(
        Locale.ROOT,
        "%-12s %-13s %-9s %-20s %6d %8d %9.3f %9s %8s %8s %7.1f s%n",
        release.id(),
        release.method(),
        release.state(),
        decision.reason(),
        release.trainingExamples(),
        decision.holdoutRows(),
        decision.accuracy(),
        figure(decision.championAccuracy()),
        frozen == null ? "-" : figure(frozen.accuracy()),
        frozen == null ? "-" : figure(frozen.bestAccuracy()),
        seconds(release));
  }

  private static String figure(@Nullable Double value) {
    return value == null ? "-" : String.format(Locale.ROOT, "%.3f", value);
  }

  private static double seconds(Release release) {
    return Duration.between(release.batchClosedAt(), release.createdAt()).toMillis() / 1000.0;
  }

  private boolean report(int before, int events) {
    long forgetting =
        releases.stream()
            .skip(before)
            .filter(release -> release.decision().reason().equals("forgets"))
            .count();
    double best = 0;
    double last = 0;
    boolean sound = true;
    for (Release release : releases) {
      Decision.Frozen frozen = release.decision().frozen();
      if (release.state() != Release.State.PROMOTED || frozen == null || !frozen.ruled()) {
        continue;
      }
      last = frozen.accuracy();
      double known = frozen.bestAccuracy() == null ? 0 : frozen.bestAccuracy();
      best = Math.max(known, last);
      double lost = (known - last) * frozen.rows();
      sound &= lost <= Math.max(1, POINT * frozen.rows()) + 1e-6;
    }
    System.out.printf(
        Locale.ROOT,
        "%n%d narrow examples: %d challengers retained as forgets; frozen set %.3f, the best was %.3f%n",
        events,
        forgetting,
        last,
        best);
    return sound;
  }

  @Override
  public void close() {
    reader.close();
    producer.close();
  }
}
