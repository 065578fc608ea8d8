package dev.weir.trainer.evaluate;

import dev.weir.contract.release.Decision.Slice;
import dev.weir.trainer.data.LabeledText;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The holdout in parts: by label, by length, by who gave the feedback.
 *
 * <p>They are reported and rule nothing: parts are small, and among twenty of them one will look
 * bad by chance.
 */
final class Slices {

  /** Sources of their own, most rows first; the others together are {@link #OTHER}. */
  static final int MAX_SOURCES = 20;

  static final String OTHER = "other";

  private static final int SHORT = 32;
  private static final int MEDIUM = 128;

  private Slices() {}

  /** All parts that have rows; rows without a source are in none by source. */
  static List<Slice> of(
      List<LabeledText> rows, List<int[]> tokens, Scores challenger, @Nullable Scores champion) {
    Set<String> sources = mostFrequent(rows);
    List<Slice> slices = new ArrayList<>();
    slices.addAll(by("label", row -> rows.get(row).label(), challenger, champion));
    slices.addAll(by("tokens", row -> length(tokens.get(row).length), challenger, champion));
    slices.addAll(
        by("source", row -> source(rows.get(row).source(), sources), challenger, champion));
    return slices;
  }

  /** Fixed bounds, so that decisions can be compared. */
  static String length(int tokens) {
    return tokens <= SHORT ? "1-32" : tokens <= MEDIUM ? "33-128" : "129-";
  }

  private static String source(String source, Set<String> own) {
    return source.isEmpty() || own.contains(source) ? source : OTHER;
  }

  private static Set<String> mostFrequent(List<LabeledText> rows) {
    Map<String, Long> counts =
        rows.stream().collect(Collectors.groupingBy(LabeledText::source, Collectors.counting()));
    return counts.entrySet().stream()
        .filter(entry -> !entry.getKey().isEmpty())
        .sorted(
            Map.Entry.<String, Long>comparingByValue(Comparator.reverseOrder())
                .thenComparing(Map.Entry.comparingByKey()))
        .limit(MAX_SOURCES)
        .map(Map.Entry::getKey)
        .collect(Collectors.toSet());
  }

  private static List<Slice> by(
      String what, IntFunction<String> value, Scores challenger, @Nullable Scores champion) {
    Map<String, List<Integer>> parts =
        IntStream.range(0, challenger.right().size())
            .boxed()
            .filter(row -> !value.apply(row).isEmpty())
            .collect(Collectors.groupingBy(value::apply, LinkedHashMap::new, Collectors.toList()));
    return parts.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .map(
            part ->
                new Slice(
                    what,
                    part.getKey(),
                    part.getValue().size(),
                    share(challenger, part.getValue()),
                    champion == null ? null : share(champion, part.getValue())))
        .toList();
  }

  private static double share(Scores scores, List<Integer> rows) {
    return rows.stream().filter(scores.right()::get).count() / (double) rows.size();
  }
}
