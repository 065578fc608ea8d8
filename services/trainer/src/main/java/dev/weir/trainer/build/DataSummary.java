package dev.weir.trainer.build;

import dev.weir.contract.event.TextKey;
import dev.weir.trainer.data.LabeledText;
import dev.weir.trainer.data.TrainingSet;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * What is in the data of a training outside the loop, and what makes its figures better or worse
 * than they will be in service. Texts are the same when curation would take them for the same.
 *
 * @param labels rows to learn from, by label
 * @param duplicates rows to learn from whose text stands in an earlier row, under the same label
 * @param contradictions rows to learn from whose text stands in an earlier row, under another label
 * @param evaluation rows to score on
 * @param shared of these, rows whose text is also learned from
 */
public record DataSummary(
    SortedMap<String, Integer> labels,
    int duplicates,
    int contradictions,
    int evaluation,
    int shared) {

  private static final Pattern INVISIBLE = Pattern.compile("[\\p{Cf}\\p{Cc}&&\\S]+");
  private static final Pattern BLANKS = Pattern.compile("[\\s\\p{Z}]+");

  /** Counts the rows of both files. */
  public static DataSummary of(List<LabeledText> data, List<LabeledText> evaluation) {
    Map<String, String> first = new HashMap<>();
    int duplicates = 0;
    int contradictions = 0;
    for (LabeledText row : data) {
      String label = first.putIfAbsent(TextKey.of(row.text()).value(), row.label());
      duplicates += row.label().equals(label) ? 1 : 0;
      contradictions += label != null && !row.label().equals(label) ? 1 : 0;
    }
    int shared = 0;
    for (LabeledText row : evaluation) {
      shared += first.containsKey(TextKey.of(row.text()).value()) ? 1 : 0;
    }
    return new DataSummary(
        new TreeMap<>(TrainingSet.labelCounts(data)),
        duplicates,
        contradictions,
        evaluation.size(),
        shared);
  }

  /** What a person should know before the training begins, one line each. */
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add("labels: " + written());
    if (duplicates > 0) {
      lines.add(
          "%d rows repeat an earlier row; repeated rows make a model too sure of itself, so remove them"
              .formatted(duplicates));
    }
    if (contradictions > 0) {
      lines.add("%d rows repeat an earlier text under another label".formatted(contradictions));
    }
    if (shared > 0) {
      lines.add(
          "%d of the %d evaluation rows have a text that is trained on: accuracy and calibration will look better than they are; take these rows out of one of the files"
              .formatted(shared, evaluation));
    }
    return lines;
  }

  /** The labels with their counts, as in {@code negative 12, positive 30}. */
  private String written() {
    List<String> written = new ArrayList<>();
    labels.forEach((label, count) -> written.add(label + " " + count));
    return String.join(", ", written);
  }

  /**
   * Refuses labels that no classifier should tell apart.
   *
   * @throws TrainingException {@code labels-alike}, {@code one-class-only}
   */
  void requireDistinctLabels() {
    Map<String, String> seen = new HashMap<>();
    for (String label : labels.keySet()) {
      String other = seen.put(folded(label), label);
      if (other != null) {
        throw new TrainingException(
            "labels-alike",
            "the labels '%s' (%d rows) and '%s' (%d rows) differ in letter case, blanks or invisible characters only; make them one label. Labels found: %s"
                .formatted(other, labels.get(other), label, labels.get(label), written()));
      }
    }
    if (labels.size() == 1) {
      throw new TrainingException(
          "one-class-only",
          "all rows have one label (%s); add rows of at least one other label"
              .formatted(written()));
    }
  }

  private static String folded(String label) {
    String plain = Normalizer.normalize(label, Normalizer.Form.NFKC);
    String visible = INVISIBLE.matcher(plain).replaceAll("");
    return BLANKS.matcher(visible).replaceAll(" ").strip().toLowerCase(Locale.ROOT);
  }
}
