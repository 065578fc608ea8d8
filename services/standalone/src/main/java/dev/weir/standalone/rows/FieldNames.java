package dev.weir.standalone.rows;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Finds Weir's own fields among the names that a file gives its columns.
 *
 * <p>Letter case, blanks, dots, hyphens and underscores of a name do not matter. A column that the
 * user maps goes first, then a field's own name, then the names that others give it. Immutable.
 *
 * @param names for each column the name it gets
 * @param problem why the columns cannot be told apart, or {@code null}
 */
record FieldNames(List<String> names, @Nullable String problem) {

  private static final List<String> OWN =
      List.of(
          "text", "label", "id", "adapter", "stars", "source", "verdict", "timestamp", "reviewId");

  /** Names that mean the same as the field's own: two of them in one file are a question. */
  private static final Map<String, String> SAME = Map.of("review", "text", "sentiment", "label");

  /** Names that stand for a field when nothing else does, the likelier first. */
  private static final List<Map.Entry<String, List<String>>> OTHERS =
      List.of(
          Map.entry(
              "text",
              List.of(
                  "reviewtext",
                  "reviewbody",
                  "reviewcontent",
                  "sentence",
                  "content",
                  "body",
                  "comment",
                  "commenttext",
                  "tweet",
                  "tweettext",
                  "message",
                  "document",
                  "phrase",
                  "feedbacktext",
                  "data")),
          Map.entry(
              "label",
              List.of(
                  "labels",
                  "labeltext",
                  "labelname",
                  "sentimentlabel",
                  "airlinesentiment",
                  "goldlabel")),
          Map.entry(
              "stars",
              List.of("rating", "overall", "starrating", "reviewrating", "ratings", "score")),
          Map.entry("label", List.of("class", "category", "polarity", "target", "topic")));

  static FieldNames of(List<String> columns, Map<String, String> mapped) {
    Map<String, List<Integer>> byKey = new HashMap<>();
    for (int i = 0; i < columns.size(); i++) {
      byKey.computeIfAbsent(key(columns.get(i)), unused -> new ArrayList<>()).add(i);
    }
    List<String> names = new ArrayList<>(columns);
    Map<String, Integer> chosen = new HashMap<>();
    for (Map.Entry<String, String> entry : mapped.entrySet()) {
      int column = columns.indexOf(entry.getValue());
      List<Integer> alike = byKey.getOrDefault(key(entry.getValue()), List.of());
      if (column < 0 && !alike.isEmpty()) {
        column = alike.get(0);
      }
      if (column < 0) {
        return new FieldNames(
            names,
            "has no column '%s', which --map names for %s; its columns are %s"
                .formatted(entry.getValue(), entry.getKey(), columns));
      }
      chosen.put(entry.getKey(), column);
    }
    for (String own : OWN) {
      List<Integer> candidates = new ArrayList<>(byKey.getOrDefault(key(own), List.of()));
      SAME.forEach(
          (other, field) -> {
            if (field.equals(own)) {
              candidates.addAll(byKey.getOrDefault(other, List.of()));
            }
          });
      candidates.removeIf(chosen::containsValue);
      if (chosen.containsKey(own) || candidates.isEmpty()) {
        continue;
      }
      if (candidates.size() > 1) {
        return new FieldNames(
            names,
            "has more than one column for %s: %s; say which one with --map %s=NAME, or rename the others"
                .formatted(own, candidates.stream().map(columns::get).toList(), own));
      }
      chosen.put(own, candidates.get(0));
    }
    for (Map.Entry<String, List<String>> others : OTHERS) {
      String field = others.getKey();
      boolean opinion = field.equals("label") || field.equals("stars");
      boolean has =
          opinion
              ? chosen.containsKey("label")
                  || chosen.containsKey("stars")
                  || chosen.containsKey("verdict")
              : chosen.containsKey(field);
      for (String other : others.getValue()) {
        Integer column =
            byKey.getOrDefault(other, List.of()).stream()
                .filter(index -> !chosen.containsValue(index))
                .findFirst()
                .orElse(null);
        if (!has && column != null) {
          chosen.put(field, column);
          has = true;
        }
      }
    }
    for (int i = 0; i < names.size(); i++) {
      // What only looks like a field of ours must not be read as one.
      if (OWN.contains(names.get(i)) && !Integer.valueOf(i).equals(chosen.get(names.get(i)))) {
        names.set(i, "other_" + names.get(i));
      }
    }
    chosen.forEach((field, column) -> names.set(column, field));
    return new FieldNames(List.copyOf(names), null);
  }

  /** Which columns became which of Weir's fields, for the line that says what was recognised. */
  String shown(List<String> columns) {
    List<String> parts = new ArrayList<>();
    for (String own : OWN) {
      int column = names.indexOf(own);
      if (column >= 0) {
        String written = columns.get(column).strip();
        parts.add(written.equals(own) ? own : own + " (as '" + written + "')");
      }
    }
    return parts.isEmpty() ? "no known field" : String.join(", ", parts);
  }

  private static String key(String name) {
    return name.strip().toLowerCase(Locale.ROOT).replaceAll("[\\s._\\-\\u00A0\\u200B\\uFEFF]+", "");
  }
}
