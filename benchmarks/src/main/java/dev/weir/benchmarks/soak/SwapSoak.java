package dev.weir.benchmarks.soak;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.benchmarks.Machine;
import dev.weir.benchmarks.TemporaryDirectory;
import dev.weir.benchmarks.serving.HttpClosedLoop;
import dev.weir.benchmarks.serving.HttpEndpoint;
import dev.weir.benchmarks.serving.KafkaClient;
import dev.weir.benchmarks.serving.OpenLoop;
import dev.weir.benchmarks.serving.ServedAdapter;
import dev.weir.benchmarks.serving.StreamText;
import dev.weir.broker.EmbeddedBroker;
import dev.weir.model.base.BaseModel;
import dev.weir.model.spec.Precision;
import dev.weir.service.ops.Lifecycle;
import dev.weir.store.artifact.FileArtifactStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/**
 * {@code make soak}: swaps two versions of an adapter thousands of times under load, one corrupt
 * release in ten, through the real service on a real broker.
 *
 * <p>Exit code 1 if an answer is missing, doubled or not of the version that it names, if the
 * resident set grows, or if swaps make the 99th percentile of latency more than a fifth worse than
 * in the windows without swaps between them.
 */
@Command(
    name = "soak",
    mixinStandardHelpOptions = true,
    description = "Swaps adapters under load, and checks every answer.")
public final class SwapSoak implements Callable<Integer> {
  private static final int WARM_UP_TEXTS = 400;
  private static final int WARM_UP_SWAPS = 40;
  private static final int CONNECTIONS = 32;

  @Mixin private final SoakOptions options = new SoakOptions();

  private SwapSoak() {}

  public static void main(String[] arguments) {
    System.exit(new CommandLine(new SwapSoak()).execute(arguments));
  }

  @Override
  public Integer call() throws Exception {
    ObjectNode machine = Machine.describe();
    try (TemporaryDirectory directory = TemporaryDirectory.create("weir-soak-");
        Lifecycle lifecycle = new Lifecycle()) {
      SoakVerdict verdict = run(directory.path(), lifecycle);
      return verdict.passed(options.out, machine)
          ? CommandLine.ExitCode.OK
          : CommandLine.ExitCode.SOFTWARE;
    }
  }

  private SoakVerdict run(Path directory, Lifecycle lifecycle)
      throws IOException, InterruptedException {
    EmbeddedBroker broker =
        lifecycle.add(
            "broker", new EmbeddedBroker(EmbeddedBroker.Settings.of(directory.resolve("kafka"))));
    broker.start();
    BaseModel base = lifecycle.add("base", BaseModel.load(options.base));
    FileArtifactStore store =
        lifecycle.add("store", new FileArtifactStore(directory.resolve("store")));
    SoakVersions versions = SoakVersions.publish(base, store, directory.resolve("store"), options);
    ServedAdapter served =
        lifecycle.add(
            "service",
            new ServedAdapter(broker.bootstrapServers(), "soak.", base, store, Precision.FP32));
    served.announce(versions.corrupt().number(), versions.corrupt().digest());
    List<Version> whole = versions.whole();
    served.announce(whole.get(1).number(), whole.get(1).digest());
    served.announce(whole.get(0).number(), whole.get(0).digest());
    served.start();
    AnswerCheck check = new AnswerCheck(whole);
    HttpEndpoint endpoint = new HttpEndpoint(served.uri("/v1/classify"), "text");
    double capacity =
        warmedUp(
            endpoint, versions.texts(), new SwapDriver(served, whole, versions.corrupt(), check));
    KafkaClient client =
        lifecycle.add(
            "client",
            new KafkaClient(
                served.kafka(), served.topics().reviews(), served.topics().classifications()));
    SwapDriver swaps = new SwapDriver(served, whole, versions.corrupt(), check);
    return soak(endpoint, client, versions.texts(), check, swaps, capacity);
  }

  /** Texts per second over HTTP, measured after the first texts and swaps. */
  private double warmedUp(HttpEndpoint endpoint, List<String> texts, SwapDriver swaps)
      throws InterruptedException {
    List<StreamText> some = new ArrayList<>();
    for (int i = 0; i < WARM_UP_TEXTS; i++) {
      some.add(new StreamText(texts.get(i % texts.size()), true));
    }
    HttpClosedLoop clients = new HttpClosedLoop(endpoint, CONNECTIONS);
    clients.perSecond(some);
    // Of these, 36 are whole: the first version serves again at the end.
    swaps.swap(WARM_UP_SWAPS, System.nanoTime(), options.swapsPerSecond);
    double capacity = clients.perSecond(some);
    System.out.printf(Locale.ROOT, "%.0f texts/s at full load%n", capacity);
    return capacity;
  }

  private SoakVerdict soak(
      HttpEndpoint endpoint,
      KafkaClient client,
      List<String> texts,
      AnswerCheck check,
      SwapDriver swaps,
      double capacity)
      throws InterruptedException {
    double perPath = options.load * capacity / 2;
    double seconds = 2 * options.pairs() * options.window();
    System.out.printf(
        Locale.ROOT,
        "%d swaps in %d windows of %.1f s, as many without swaps, %.0f texts/s on each path%n",
        options.swaps,
        options.pairs(),
        options.window(),
        perPath);
    long began = System.nanoTime();
    Phases http = new Phases(began, options.window());
    Phases kafka = new Phases(began, options.window());
    SoakLoad load = new SoakLoad(texts, check);
    List<Double> resident = new ArrayList<>();
    ScheduledExecutorService sampler = Executors.newSingleThreadScheduledExecutor();
    ScheduledFuture<?> sampling =
        sampler.scheduleAtFixedRate(
            () -> resident.add(Machine.residentMebibytes()), 0, 1, TimeUnit.SECONDS);
    try {
      CompletableFuture<Void> requests =
          load.http(endpoint, OpenLoop.arrivals(perPath, seconds, options.seed), http);
      CompletableFuture<Void> reviews =
          load.kafka(client, OpenLoop.arrivals(perPath, seconds, options.seed + 1), kafka);
      int left = options.swaps;
      int each = (int) Math.ceil((double) options.swaps / options.pairs());
      for (int pair = 0; pair < options.pairs(); pair++) {
        swaps.swap(Math.min(each, left), http.swapsBegin(pair), options.swapsPerSecond);
        left -= Math.min(each, left);
      }
      CompletableFuture.allOf(requests, reviews).join();
    } finally {
      sampling.cancel(false);
      sampler.shutdown();
    }
    if (!sampler.awaitTermination(10, TimeUnit.SECONDS)) {
      throw new IllegalStateException("the resident set is still being read");
    }
    SoakVerdict verdict = new SoakVerdict();
    verdict.answers(check, swaps);
    verdict.latency("http", perPath, http);
    verdict.latency("kafka", perPath, kafka);
    verdict.memory(resident.stream().mapToDouble(Double::doubleValue).toArray());
    return verdict;
  }
}
