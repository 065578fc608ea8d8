package dev.weir.benchmarks.serving;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** What the service was built to reach, and whether this run shows it. */
final class Targets {
  private record Target(String name, double value, double limit, boolean atLeast) {
    boolean met() {
      return atLeast ? value >= limit : value <= limit;
    }
  }

  private final Rates rates;
  private final ObjectNode latencies;
  private final List<String> precisions;
  private final ToDoubleFunction<String> oneAtATime;

  Targets(
      Rates rates,
      ObjectNode latencies,
      List<String> precisions,
      ToDoubleFunction<String> oneAtATime) {
    this.rates = rates;
    this.latencies = latencies;
    this.precisions = precisions;
    this.oneAtATime = oneAtATime;
  }

  /** Ratios by name; those of precisions that were not measured are left out. */
  Map<String, Double> ratios() {
    Map<String, Double> ratios = new LinkedHashMap<>();
    for (String precision : precisions) {
      double kafka = rates.of(Contenders.KAFKA, precision);
      double http = rates.of(Contenders.HTTP, precision);
      double ceiling = rates.of(Contenders.CEILING, precision);
      put(ratios, "kafkaToCeiling." + precision, kafka / ceiling);
      put(ratios, "httpToCeiling." + precision, http / ceiling);
      put(
          ratios,
          "kafkaToMergedCeiling." + precision,
          kafka / rates.of(Contenders.MERGED, precision));
      put(ratios, "kafkaToOneAtATime." + precision, kafka / oneAtATime.applyAsDouble(precision));
      for (String kind : List.of("all", "sentences", "long")) {
        put(
            ratios,
            "httpP99ToSingleText." + kind + "." + precision,
            latency(precision, "http", kind, "p99")
                / latency(precision, "httpSingleText", kind, "p99"));
      }
      for (String way : rates.ways()) {
        if (Contenders.peer(way)) {
          put(ratios, "kafkaToPeer." + way + "." + precision, kafka / rates.of(way, precision));
          put(ratios, "httpToPeer." + way + "." + precision, http / rates.of(way, precision));
        }
      }
    }
    put(
        ratios,
        "kafkaInt8ToOneAtATimeFp32",
        rates.of(Contenders.KAFKA, "int8") / oneAtATime.applyAsDouble("fp32"));
    return ratios;
  }

  private static void put(Map<String, Double> ratios, String name, double value) {
    if (Double.isFinite(value)) {
      ratios.put(name, value);
    }
  }

  private double latency(String precision, String run, String kind, String percentile) {
    return latencies
        .at("/" + precision + "/" + run + "/" + kind + "/" + percentile)
        .asDouble(Double.NaN);
  }

  private List<Target> targets() {
    List<Target> targets = new ArrayList<>();
    ratios()
        .forEach(
            (name, value) -> {
              if (name.startsWith("kafkaToCeiling.")) {
                targets.add(new Target(name, value, 0.9, true));
              } else if (name.equals("kafkaInt8ToOneAtATimeFp32")) {
                targets.add(new Target(name, value, 3, true));
              } else if (name.equals("kafkaToOneAtATime.int8")) {
                targets.add(new Target(name, value, 1.2, true));
              } else if (name.startsWith("httpP99ToSingleText.all.")) {
                targets.add(new Target(name, value, 3, false));
              } else if (name.contains("ToPeer.")) {
                targets.add(new Target(name, value, 2, true));
              }
            });
    for (String precision : precisions) {
      for (String run : List.of("kafka", "kafkaSentencesAlone")) {
        String name = run + " sentences ms " + precision;
        targets.add(
            new Target(name + " p50", latency(precision, run, "sentences", "p50"), 25, false));
        targets.add(
            new Target(name + " p99", latency(precision, run, "sentences", "p99"), 150, false));
      }
    }
    return targets;
  }

  void put(ArrayNode json) {
    for (Target target : targets()) {
      json.addObject()
          .put("name", target.name())
          .put("value", target.value())
          .put(target.atLeast() ? "atLeast" : "atMost", target.limit())
          .put("met", target.met());
    }
  }

  void print() {
    for (Target target : targets()) {
      System.out.printf(
          Locale.ROOT,
          "%-60s%9.2f  %s %.1f  %s%n",
          target.name(),
          target.value(),
          target.atLeast() ? "≥" : "≤",
          target.limit(),
          target.met() ? "met" : "missed");
    }
  }
}
