package dev.weir.benchmarks.serving;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.benchmarks.Machine;
import dev.weir.model.spec.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/** The figures of one run: the JSON file, and the table for people. */
final class ServingReport {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private final ServingOptions options;
  private final Rates rates;
  private final ObjectNode latencies;
  private final ObjectNode adapters;
  private final Map<String, Integer> texts;
  private final Map<String, String> absent;
  private final List<String> precisions;

  ServingReport(
      ServingOptions options,
      Rates rates,
      ObjectNode latencies,
      ObjectNode adapters,
      Map<String, Integer> texts,
      Map<String, String> absent) {
    this.options = options;
    this.rates = rates;
    this.latencies = latencies;
    this.adapters = adapters;
    this.texts = texts;
    this.absent = absent;
    this.precisions = options.precisions.stream().map(Precision::id).toList();
  }

  /** The faster one of the two naive loops. */
  private double oneAtATime(String precision) {
    double perCore = rates.of(Contenders.LOOP_PER_CORE, precision);
    double one = rates.of(Contenders.ONE_LOOP, precision);
    return Double.isNaN(one) ? perCore : Math.max(perCore, one);
  }

  /** Writes the file. */
  void write(Path file, ObjectNode machine) throws IOException {
    ObjectNode json = JSON.createObjectNode();
    put(json, "/ceilingPerSecond", precision -> rates.of(Contenders.CEILING, precision));
    put(json, "/mergedCeilingPerSecond", precision -> rates.of(Contenders.MERGED, precision));
    put(json, "/kafkaPerSecond", precision -> rates.of(Contenders.KAFKA, precision));
    put(json, "/httpPerSecond", precision -> rates.of(Contenders.HTTP, precision));
    put(json, "/oneAtATimePerSecond", this::oneAtATime);
    put(
        json,
        "/oneAtATimeVariantsPerSecond/loopPerCore",
        precision -> rates.of(Contenders.LOOP_PER_CORE, precision));
    put(
        json,
        "/oneAtATimeVariantsPerSecond/oneLoop",
        precision -> rates.of(Contenders.ONE_LOOP, precision));
    put(json, "/kafkaSentencesPerSecond", precision -> rates.of(Contenders.SENTENCES, precision));
    json.putObject("peers");
    for (String way : rates.ways().stream().filter(Contenders::peer).toList()) {
      put(json, "/peers/" + escaped(way), precision -> rates.of(way, precision));
    }
    absent.forEach((name, why) -> json.withObject("/peers/" + escaped(name)).put("absent", why));
    ObjectNode ratios = json.putObject("ratios");
    Targets targets = new Targets(rates, latencies, precisions, this::oneAtATime);
    targets.ratios().forEach(ratios::put);
    targets.put(json.putArray("targets"));
    json.set("latencyMs", latencies);
    json.set("adapters", adapters);
    json.set("costPerMillionReviews", cost());
    rates.put(json.putObject("rounds"));
    json.set("machine", machine);
    json.set("settings", settings());
    Path parent = file.toAbsolutePath().getParent();
    if (parent != null) {
      Files.createDirectories(parent);
    }
    Files.write(file, JSON.writeValueAsBytes(json));
  }

  /** Puts what was measured; where there is nothing, there is no field. */
  private void put(ObjectNode json, String pointer, ToDoubleFunction<String> value) {
    for (String precision : precisions) {
      double rate = value.applyAsDouble(precision);
      if (Double.isFinite(rate)) {
        json.withObject(pointer).put(precision, rate);
      }
    }
  }

  /** As a part of a JSON pointer (RFC 6901). */
  private static String escaped(String name) {
    return name.replace("~", "~0").replace("/", "~1");
  }

  private ObjectNode cost() {
    ObjectNode json = JSON.createObjectNode();
    json.put("formula", "1e6 / kafkaPerSecond / 3600 * cores * pricePerCoreHour");
    json.put("pricePerCoreHour", options.pricePerCoreHour);
    json.put("cores", options.threads);
    for (String precision : precisions) {
      double hours = 1e6 / rates.of(Contenders.KAFKA, precision) / 3600;
      json.put(precision, hours * options.threads * options.pricePerCoreHour);
    }
    return json;
  }

  private ObjectNode settings() {
    ObjectNode json = JSON.createObjectNode();
    json.put("base", options.base);
    json.put("maxTokens", options.maxTokens);
    json.put("rank", options.lora().rank());
    options.lora().targets().forEach(module -> json.withArray("targets").add(module.id()));
    json.put("rounds", options.rounds);
    json.put("connections", options.connections);
    json.put("threads", options.threads);
    json.put("load", options.load);
    json.put("latencySeconds", options.latencySeconds);
    json.put("seed", options.seed);
    texts.forEach(json.withObject("/textsPerMeasurement")::put);
    options.sentences.forEach(file -> json.withArray("sentences").add(name(file)));
    options.longOnes.forEach(file -> json.withArray("long").add(name(file)));
    return json;
  }

  private static String name(Path file) {
    return String.valueOf(file.getFileName());
  }

  /** Prints what the file has. */
  void print() {
    line("%-42s%s", "texts per second", header());
    row("ONNX Runtime alone (ceiling)", precision -> rates.of(Contenders.CEILING, precision));
    row("the same, adapter merged", precision -> rates.of(Contenders.MERGED, precision));
    row("Weir, Kafka, exactly once", precision -> rates.of(Contenders.KAFKA, precision));
    row("Weir, HTTP", precision -> rates.of(Contenders.HTTP, precision));
    row("one at a time, loop per core", precision -> rates.of(Contenders.LOOP_PER_CORE, precision));
    row("one at a time, one loop", precision -> rates.of(Contenders.ONE_LOOP, precision));
    for (String way : rates.ways().stream().filter(Contenders::peer).toList()) {
      row(way, precision -> rates.of(way, precision));
    }
    absent.forEach((name, why) -> line("%-42s%s", name, "not measured: " + why));
    line("");
    line("%-42s%s", "adapters, texts/s (of merged)", header());
    adapterRows();
    line("");
    line("%-42s%s", "latency at " + Math.round(100 * options.load) + "% load, ms", "p50 / p99");
    for (String precision : precisions) {
      for (String run : List.of("httpSingleText", "http", "kafka", "kafkaSentencesAlone")) {
        for (String kind : List.of("all", "sentences", "long")) {
          var figures = latencies.at("/" + precision + "/" + run + "/" + kind);
          if (!figures.isMissingNode()) {
            line(
                "%-42s%.1f / %.1f",
                precision + " " + run + " " + kind,
                figures.path("p50").asDouble(),
                figures.path("p99").asDouble());
          }
        }
      }
    }
    line("");
    line("%-42s%s", "cost per million reviews", header());
    row("at " + options.pricePerCoreHour + " per core hour", id -> cost().path(id).asDouble());
    line("");
    new Targets(rates, latencies, precisions, this::oneAtATime).print();
    if (Machine.loaded(options.threads)) {
      line("The machine was busy with other work: the figures are no measurement.");
    }
  }

  private void adapterRows() {
    List<String> names =
        Stream.concat(Stream.of("merged"), options.adapters.stream().map(String::valueOf)).toList();
    for (String name : names) {
      StringBuilder cells = new StringBuilder();
      for (String precision : precisions) {
        var figures = adapters.path(precision).path(name);
        cells.append(
            String.format(
                Locale.ROOT,
                "%9.1f (%.2f)",
                figures.path("perSecond").asDouble(),
                figures.path("ofMerged").asDouble()));
      }
      line("%-42s%s", name, cells);
    }
  }

  private String header() {
    StringBuilder header = new StringBuilder();
    precisions.forEach(precision -> header.append(String.format("%15s", precision)));
    return header.toString();
  }

  private void row(String name, ToDoubleFunction<String> value) {
    StringBuilder cells = new StringBuilder();
    for (String precision : precisions) {
      double figure = value.applyAsDouble(precision);
      cells.append(
          Double.isNaN(figure)
              ? String.format("%15s", "-")
              : String.format(Locale.ROOT, "%15.2f", figure));
    }
    line("%-42s%s", name, cells);
  }

  private static void line(String format, Object... values) {
    System.out.printf(Locale.ROOT, format + "%n", values);
  }
}
