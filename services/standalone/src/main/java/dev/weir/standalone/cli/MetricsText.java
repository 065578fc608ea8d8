package dev.weir.standalone.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The values of a Prometheus text, by metric and labels as they are written.
 *
 * @param values value by {@code name{labels}}, in the text's order
 */
record MetricsText(Map<String, Double> values) {

  private static final Pattern LINE =
      Pattern.compile("([a-zA-Z_:][a-zA-Z0-9_:]*)(\\{[^}]*\\})? (\\S+).*");

  static MetricsText parse(String text) {
    Map<String, Double> values = new LinkedHashMap<>();
    for (String line : text.split("\n", -1)) {
      Matcher matcher = LINE.matcher(line);
      if (!line.startsWith("#") && matcher.matches()) {
        String labels = matcher.group(2) == null ? "" : matcher.group(2);
        try {
          values.put(matcher.group(1) + labels, Double.valueOf(matcher.group(3)));
        } catch (NumberFormatException e) {
          // +Inf and NaN in Prometheus' spelling: no count of anything.
          values.remove(matcher.group(1) + labels);
        }
      }
    }
    return new MetricsText(values);
  }

  /** Whether any series of this metric is there. */
  boolean has(String metric) {
    return values.keySet().stream().anyMatch(key -> named(key, metric));
  }

  /** The sum over the series of a metric whose labels hold a part, such as {@code adapter="a"}. */
  double sum(String metric, String part) {
    return values.entrySet().stream()
        .filter(entry -> named(entry.getKey(), metric) && entry.getKey().contains(part))
        .mapToDouble(Map.Entry::getValue)
        .sum();
  }

  /** Counts above zero of a metric by one of its labels. */
  Map<String, Long> by(String metric, String label) {
    Map<String, Long> counts = new LinkedHashMap<>();
    Pattern value = Pattern.compile("[{,]" + label + "=\"([^\"]*)\"");
    values.forEach(
        (key, count) -> {
          Matcher matcher = value.matcher(key);
          if (named(key, metric) && count > 0 && matcher.find()) {
            counts.merge(matcher.group(1), Math.round(count), Long::sum);
          }
        });
    return counts;
  }

  private static boolean named(String key, String metric) {
    return key.equals(metric) || key.startsWith(metric + "{");
  }
}
