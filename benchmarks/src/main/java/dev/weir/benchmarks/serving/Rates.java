package dev.weir.benchmarks.serving;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Texts per second by way, precision and round. */
final class Rates {
  private final Map<String, Map<String, List<Double>>> values = new LinkedHashMap<>();

  void add(String way, String precision, double perSecond) {
    values
        .computeIfAbsent(way, key -> new LinkedHashMap<>())
        .computeIfAbsent(precision, key -> new ArrayList<>())
        .add(perSecond);
  }

  /** The median over the rounds; not a number where it was not measured. */
  double of(String way, String precision) {
    return Median.of(values.getOrDefault(way, Map.of()).getOrDefault(precision, List.of()));
  }

  List<String> ways() {
    return List.copyOf(values.keySet());
  }

  /** Every single measurement. */
  void put(ObjectNode json) {
    values.forEach(
        (way, precisions) -> {
          ObjectNode node = json.putObject(way);
          precisions.forEach(
              (precision, rates) -> rates.forEach(node.withArray("/" + precision)::add));
        });
  }
}
