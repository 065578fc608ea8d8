package dev.weir.benchmarks.fairness;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.benchmarks.Machine;
import dev.weir.benchmarks.TemporaryDirectory;
import dev.weir.benchmarks.serving.BenchmarkAdapter;
import dev.weir.benchmarks.serving.ServedAdapter;
import dev.weir.broker.EmbeddedBroker;
import dev.weir.contract.release.AdapterId;
import dev.weir.contract.text.TokenLimit;
import dev.weir.model.base.BaseModel;
import dev.weir.model.spec.Precision;
import dev.weir.service.ops.Lifecycle;
import dev.weir.store.artifact.FileArtifactStore;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.HdrHistogram.Histogram;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * {@code make bench-fairness}: how long a single text takes over HTTP alone, and beside one, three
 * and ten clients that each post 1,000 texts, one request after the other.
 *
 * <p>Each client has a loopback address of its own. Exit code 1 if a 99th percentile is above three
 * times the one alone plus the time of one micro-batch. That time is taken in the same window: the
 * workers' time by the batches that they ran.
 */
@Command(
    name = "bench-fairness",
    mixinStandardHelpOptions = true,
    description = "Single texts beside clients of large requests.")
public final class FairnessBenchmark implements Callable<Integer> {
  private static final int BULK_TEXTS = 1000;
  private static final int TIMES = 3;
  private static final int SINGLE_HOST = 2;
  private static final int BULK_HOST = 10;
  private static final int WARM_UP = 200;
  private static final String BATCHES = "weir_inference_batch_tokens_count";

  /** Half a minute in microseconds, to three digits. */
  private static final long HIGHEST = 30_000_000;

  private static final String SENTENCE =
      "The battery lasted two days at first, and then it died within the hour.";

  @Option(names = "--seconds", description = "per row (default: ${DEFAULT-VALUE})")
  private int seconds = 60;

  @Option(names = "--pause", description = "ms between single texts (default: ${DEFAULT-VALUE})")
  private int pauseMs = 20;

  @Option(names = "--out", description = "where the result is written (default: nowhere)")
  private String out = "";

  private final HttpClient http = HttpClient.newHttpClient();

  private FairnessBenchmark() {}

  public static void main(String[] arguments) {
    System.exit(new CommandLine(new FairnessBenchmark()).execute(arguments));
  }

  /** One row of the table. */
  private record Row(
      int clients, long texts, double p50, double p99, double batchMs, int answered, int refused) {}

  @Override
  public Integer call() throws Exception {
    ObjectNode machine = Machine.describe();
    try (TemporaryDirectory directory = TemporaryDirectory.create("weir-fairness-");
        Lifecycle lifecycle = new Lifecycle()) {
      ServedAdapter served = served(directory.path(), lifecycle);
      warmUp(served.uri("/v1/classify"));
      List<Row> rows = new ArrayList<>();
      for (int clients : new int[] {0, 1, 3, 10}) {
        rows.add(row(served, clients));
      }
      return passed(rows, machine) ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
    }
  }

  private static ServedAdapter served(Path directory, Lifecycle lifecycle)
      throws IOException, InterruptedException {
    EmbeddedBroker broker =
        lifecycle.add(
            "broker", new EmbeddedBroker(EmbeddedBroker.Settings.of(directory.resolve("kafka"))));
    broker.start();
    BaseModel base = lifecycle.add("base", BaseModel.load(BaseModel.DEFAULT));
    FileArtifactStore store =
        lifecycle.add("store", new FileArtifactStore(directory.resolve("store")));
    String digest =
        BenchmarkAdapter.publish(
            store,
            base,
            new AdapterId("default", 1),
            BenchmarkAdapter.random(base.config(), BenchmarkAdapter.LIGHT, 1),
            TokenLimit.of(256),
            1);
    ServedAdapter served =
        lifecycle.add(
            "service",
            new ServedAdapter(broker.bootstrapServers(), "fair.", base, store, Precision.FP32));
    served.announce(1, digest);
    served.start();
    return served;
  }

  private static void warmUp(URI uri) throws IOException {
    try (LoopbackClient client = new LoopbackClient(uri, SINGLE_HOST)) {
      for (int i = 0; i < WARM_UP; i++) {
        client.post(single(i));
      }
      client.post(bulk());
    }
  }

  private Row row(ServedAdapter served, int clients) throws Exception {
    URI uri = served.uri("/v1/classify");
    AtomicBoolean over = new AtomicBoolean();
    AtomicInteger answered = new AtomicInteger();
    AtomicInteger refused = new AtomicInteger();
    List<Thread> bulk = new ArrayList<>();
    for (int i = 0; i < clients; i++) {
      int host = BULK_HOST + i;
      Thread client = new Thread(() -> flood(uri, host, over, answered, refused), "bulk-" + i);
      client.setDaemon(true);
      bulk.add(client);
      client.start();
    }
    if (clients > 0) {
      TimeUnit.SECONDS.sleep(2); // Until the queue is as full as it gets.
    }
    Histogram latencies = new Histogram(HIGHEST, 3);
    double before = batches(served);
    long began = System.nanoTime();
    try (LoopbackClient client = new LoopbackClient(uri, SINGLE_HOST)) {
      for (int i = 0; System.nanoTime() - began < TimeUnit.SECONDS.toNanos(seconds); i++) {
        long sent = System.nanoTime();
        int status = client.post(single(i));
        if (status != 200) {
          throw new IllegalStateException("a single text was answered " + status);
        }
        latencies.recordValue(Math.min(HIGHEST, (System.nanoTime() - sent) / 1000));
        TimeUnit.MILLISECONDS.sleep(pauseMs);
      }
    }
    double ms = (System.nanoTime() - began) / 1e6;
    double count = batches(served) - before;
    over.set(true);
    for (Thread client : bulk) {
      client.join();
    }
    int workers = Runtime.getRuntime().availableProcessors();
    return new Row(
        clients,
        latencies.getTotalCount(),
        latencies.getValueAtPercentile(50) / 1000.0,
        latencies.getValueAtPercentile(99) / 1000.0,
        clients == 0 ? 0 : workers * ms / count,
        answered.get(),
        refused.get());
  }

  private static void flood(
      URI uri, int host, AtomicBoolean over, AtomicInteger answered, AtomicInteger refused) {
    byte[] body = bulk();
    try (LoopbackClient client = new LoopbackClient(uri, host)) {
      while (!over.get()) {
        int status = client.post(body);
        if (status == 200) {
          answered.incrementAndGet();
        } else if (status != 429) {
          throw new IllegalStateException("a request of 1,000 texts was answered " + status);
        } else {
          refused.incrementAndGet();
          TimeUnit.MILLISECONDS.sleep(500);
        }
      }
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException("a bulk client failed", e);
    }
  }

  private static byte[] single(int number) {
    return json(new ObjectMapper().createObjectNode().put("text", number + " " + SENTENCE));
  }

  private static byte[] bulk() {
    ObjectNode request = new ObjectMapper().createObjectNode();
    ArrayNode texts = request.putArray("texts");
    for (int i = 0; i < BULK_TEXTS; i++) {
      texts.add(i + " " + SENTENCE);
    }
    return json(request);
  }

  private static byte[] json(ObjectNode node) {
    return node.toString().getBytes(java.nio.charset.StandardCharsets.UTF_8);
  }

  private double batches(ServedAdapter served) throws IOException, InterruptedException {
    String metrics =
        http.send(HttpRequest.newBuilder(served.uri("/metrics")).build(), BodyHandlers.ofString())
            .body();
    return metrics
        .lines()
        .filter(line -> line.startsWith(BATCHES))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }

  private boolean passed(List<Row> rows, ObjectNode machine) throws IOException {
    double alone = rows.get(0).p99();
    boolean passed = true;
    ObjectNode result = new ObjectMapper().createObjectNode();
    result.set("machine", machine);
    result.put("secondsPerRow", seconds);
    ArrayNode table = result.putArray("rows");
    System.out.println(
        "clients of 1,000 texts | single texts | p50 ms | p99 ms | p99 / alone | micro-batch ms |"
            + " at most | answered | refused");
    for (Row row : rows) {
      double most = row.clients() == 0 ? alone : TIMES * alone + row.batchMs();
      boolean kept = row.p99() <= most;
      passed &= kept;
      System.out.printf(
          Locale.ROOT,
          "%22d | %12d | %6.1f | %6.1f | %11.2f | %14.1f | %7.1f | %8d | %7d%s%n",
          row.clients(),
          row.texts(),
          row.p50(),
          row.p99(),
          row.p99() / alone,
          row.batchMs(),
          most,
          row.answered(),
          row.refused(),
          kept ? "" : "  TOO SLOW");
      table
          .addObject()
          .put("bulkClients", row.clients())
          .put("singleTexts", row.texts())
          .put("p50Ms", row.p50())
          .put("p99Ms", row.p99())
          .put("timesAlone", row.p99() / alone)
          .put("microBatchMs", row.batchMs())
          .put("mostMs", most)
          .put("bulkAnswered", row.answered())
          .put("bulkRefused", row.refused());
    }
    result.put("passed", passed);
    if (!out.isEmpty()) {
      Files.writeString(Path.of(out), result.toPrettyString() + "\n");
    }
    return passed;
  }
}
