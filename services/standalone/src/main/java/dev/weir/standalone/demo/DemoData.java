package dev.weir.standalone.demo;

import dev.weir.contract.event.LabelScheme;
import dev.weir.contract.event.TextNormalizer;
import dev.weir.contract.fault.WeirException;
import dev.weir.standalone.rows.LabelReader;
import dev.weir.standalone.rows.ReadOptions;
import dev.weir.standalone.rows.Row;
import dev.weir.standalone.rows.RowPurpose;
import dev.weir.standalone.rows.RowReader;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * The rows of a demo run in two parts: one becomes feedback, the other is only ever classified, and
 * accuracy is measured on that second part alone.
 *
 * <p>The parts are cut per label, so that both keep the data's balance, by the order of the texts'
 * hashes: the same file is always cut the same way, and no text stands in both.
 *
 * @param feedback rows whose labels are given back as feedback
 * @param unseen rows that are never feedback
 * @param skipped rows that could not be used, with the reasons
 */
record DemoData(List<LabeledReview> feedback, List<LabeledReview> unseen, List<String> skipped) {

  /** Batches that the feedback fills. */
  static final int BATCHES = 8;

  private static final double FEEDBACK_SHARE = 0.6;
  private static final String SAMPLE = "/sample/reviews.jsonl";
  private static final String SENTENCES = "/sample/sentences.txt";

  static DemoData load(DemoOptions options, LabelScheme labels) {
    List<String> skipped = new ArrayList<>();
    Map<String, List<LabeledReview>> byLabel = new LinkedHashMap<>();
    Set<String> hashes = new HashSet<>();
    LabelReader reader = new LabelReader(labels);
    forEach(
        options,
        row -> {
          if (row instanceof Row.Bad bad) {
            skipped.add("line " + bad.line() + ": " + bad.problem());
          } else if (row instanceof Row.Skipped left) {
            skipped.add("line " + left.line() + ": one of the " + left.reason());
          } else {
            take((Row.Good) row, reader, byLabel, hashes, skipped);
          }
        });
    return cut(byLabel, options, labels, skipped);
  }

  private static void take(
      Row.Good row,
      LabelReader reader,
      Map<String, List<LabeledReview>> byLabel,
      Set<String> hashes,
      List<String> skipped) {
    String text = row.text("text");
    Optional<String> label = reader.canonical(row);
    if (text == null || !LabelReader.usable(text)) {
      skipped.add("line " + row.line() + ": no text, or more than 100,000 characters");
    } else if (label.isEmpty()) {
      skipped.add("line " + row.line() + ": no label of " + reader.scheme().names());
    } else if (!hashes.add(TextNormalizer.hash(text))) {
      skipped.add("line " + row.line() + ": the same text again");
    } else {
      String id = row.text("id");
      byLabel
          .computeIfAbsent(label.get(), unused -> new ArrayList<>())
          .add(new LabeledReview(id == null ? "row-" + row.line() : id, text, label.get()));
    }
  }

  private static DemoData cut(
      Map<String, List<LabeledReview>> byLabel,
      DemoOptions options,
      LabelScheme labels,
      List<String> skipped) {
    int rows = byLabel.values().stream().mapToInt(List::size).sum();
    if (byLabel.size() < labels.names().size() || rows < 60) {
      throw new DataException(
          "the data has %d usable rows with the labels %s; at least 60 rows and each of the labels %s (WEIR_ADAPTERS) are needed (%d rows were skipped%s)"
              .formatted(
                  rows,
                  byLabel.keySet(),
                  labels.names(),
                  skipped.size(),
                  skipped.isEmpty() ? "" : ", the first one: " + skipped.get(0)));
    }
    List<LabeledReview> feedback = new ArrayList<>();
    List<LabeledReview> unseen = new ArrayList<>();
    for (List<LabeledReview> ofLabel : byLabel.values()) {
      double share = ofLabel.size() / (double) rows;
      List<LabeledReview> mixed = new ArrayList<>(ofLabel);
      // Not the hash alone: curation splits train and holdout by that, and every cut has to be a
      // fair one.
      mixed.sort(byHash(" cut"));
      int part = (int) Math.round(mixed.size() * FEEDBACK_SHARE);
      int most = (int) Math.ceil(options.feedback() * share);
      feedback.addAll(mixed.subList(0, Math.min(part, most)));
      int mostUnseen = (int) Math.ceil(options.reviews() * share);
      unseen.addAll(mixed.subList(part, Math.min(mixed.size(), part + mostUnseen)));
    }
    // Labels take turns in the stream, in an order that has nothing to do with them.
    Comparator<LabeledReview> order = byHash(" order");
    feedback.sort(order);
    unseen.sort(order);
    // Whole batches, so that none stays open at the end.
    int whole = feedback.size() - feedback.size() % BATCHES;
    return new DemoData(
        List.copyOf(feedback.subList(0, whole)), List.copyOf(unseen), List.copyOf(skipped));
  }

  private static Comparator<LabeledReview> byHash(String salt) {
    return Comparator.comparing(review -> TextNormalizer.hash(review.text() + salt));
  }

  /** Sentences that nobody ever labels; shown before and after each adapter. */
  static List<String> sentences() {
    try (BufferedReader in =
        new BufferedReader(new InputStreamReader(resource(SENTENCES), StandardCharsets.UTF_8))) {
      return in.lines().filter(line -> !line.isBlank()).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void forEach(DemoOptions options, Consumer<Row> rows) {
    try {
      Path data = options.data();
      RowReader reader =
          data == null
              ? RowReader.of(
                  resource(SAMPLE), "the sample", ReadOptions.RECOGNISE, RowPurpose.LABELED_TEXTS)
              : RowReader.of(data, options.reading(), RowPurpose.LABELED_TEXTS);
      reader.read(rows);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static InputStream resource(String name) {
    InputStream in = DemoData.class.getResourceAsStream(name);
    if (in == null) {
      throw new IllegalStateException(name + " is not on the class path");
    }
    return in;
  }

  /** The rows cannot make a demo. */
  static final class DataException extends WeirException {
    private static final long serialVersionUID = 1L;

    DataException(String problem) {
      super("demo-data", problem, null);
    }
  }
}
