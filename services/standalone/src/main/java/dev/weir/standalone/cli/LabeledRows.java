package dev.weir.standalone.cli;

import dev.weir.contract.event.LabelScheme;
import dev.weir.standalone.rows.LabelCensus;
import dev.weir.standalone.rows.LabelReader;
import dev.weir.standalone.rows.Row;
import dev.weir.standalone.rows.RowFileException;
import dev.weir.standalone.rows.RowPurpose;
import dev.weir.standalone.rows.RowReader;
import dev.weir.trainer.data.LabeledText;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * Reads the labeled rows of files for training and evaluation; a mixin with the options for it.
 *
 * <p>A bad row is an error unless they are to be left out: nothing is trained on a part in silence.
 */
final class LabeledRows {

  @Mixin private RowOptions options = new RowOptions();

  @Option(names = "--skip-bad-rows", description = "leave bad rows out and go on")
  private boolean skipBadRows;

  /**
   * The usable rows of a file; says what it was recognised as.
   *
   * @param labels the scheme that spellings are read by
   * @throws RowFileException if the file cannot be used, holds no usable row, or a bad one
   */
  List<LabeledText> read(Path file, LabelScheme labels, CommandLine command) {
    LabelReader reader = new LabelReader(labels);
    LabelCensus census = new LabelCensus();
    List<LabeledText> rows = new ArrayList<>();
    BadRows bad = new BadRows();
    Map<String, Long> skipped = new TreeMap<>();
    String recognised =
        forEach(
            file,
            row -> {
              if (row instanceof Row.Bad broken) {
                bad.add(broken.line(), broken.problem());
              } else if (row instanceof Row.Skipped left) {
                skipped.merge(left.reason(), 1L, Long::sum);
              } else {
                take((Row.Good) row, reader, census, rows, bad);
              }
            });
    PrintWriter out = command.getOut();
    out.println(file + ": " + recognised);
    skipped.forEach((reason, count) -> out.printf("left out: %d %s%n", count, reason));
    out.flush();
    String refusal = census.refusal(labels);
    if (refusal != null) {
      throw new RowFileException(file.toString(), refusal);
    }
    bad.print(file.toString(), rows.size(), command.getErr());
    if (rows.isEmpty()) {
      throw new RowFileException(
          file.toString(), "has no usable row; it needs the columns text and label");
    }
    if (bad.count() > 0 && !skipBadRows) {
      throw new RowFileException(
          file.toString(),
          "has %d bad rows; mend them, or leave them out with --skip-bad-rows"
              .formatted(bad.count()));
    }
    return rows;
  }

  private static void take(
      Row.Good row, LabelReader reader, LabelCensus census, List<LabeledText> rows, BadRows bad) {
    String text = row.text("text");
    String written = LabelReader.written(row);
    if (text == null || !LabelReader.usable(text)) {
      bad.add(row.line(), "has no text, or more than 100,000 characters");
    } else if (written == null) {
      bad.add(row.line(), "has no label");
    } else {
      Optional<String> label = reader.canonical(row);
      census.take(written, label.orElse(null));
      if (label.isEmpty()) {
        bad.add(row.line(), "label '" + written + "' is none of " + reader.scheme().names());
      } else {
        rows.add(new LabeledText(text, label.get()));
      }
    }
  }

  /**
   * The label scheme of a file whose labels are not given: sentiment when all its labels are
   * spellings of that, else the labels themselves in alphabetical order.
   *
   * @throws RowFileException if they are fewer than two, or differ in letter case alone
   */
  LabelScheme scheme(Path file) {
    Map<String, Set<String>> spellings = new TreeMap<>();
    boolean[] sentiment = {true};
    boolean[] stars = {false};
    LabelReader reader = new LabelReader(LabelScheme.SENTIMENT);
    forEach(
        file,
        row -> {
          String written = row instanceof Row.Good good ? LabelReader.written(good) : null;
          // Stars are read by a scheme; they are no names.
          boolean named = written != null && ((Row.Good) row).text("label") != null;
          stars[0] |= written != null && !named;
          if (written != null && named) {
            sentiment[0] &= reader.canonical((Row.Good) row).isPresent();
            spellings
                .computeIfAbsent(written.toLowerCase(Locale.ROOT), unused -> new TreeSet<>())
                .add(written);
          }
        });
    if (sentiment[0] && (stars[0] || !spellings.isEmpty())) {
      return LabelScheme.SENTIMENT;
    }
    for (Set<String> alike : spellings.values()) {
      if (alike.size() > 1) {
        throw new RowFileException(
            file.toString(),
            "has labels that differ in letter case alone: %s; make them one".formatted(alike));
      }
    }
    List<String> labels = spellings.values().stream().flatMap(Set::stream).sorted().toList();
    if (labels.size() < 2) {
      throw new RowFileException(
          file.toString(),
          "has %s; at least two labels are needed"
              .formatted(
                  labels.isEmpty() ? "no label" : "the label '" + labels.get(0) + "' alone"));
    }
    return scheme(labels);
  }

  /** The scheme of labels that are known by name. */
  static LabelScheme scheme(List<String> labels) {
    if (labels.equals(LabelScheme.SENTIMENT.names())) {
      return LabelScheme.SENTIMENT;
    }
    return new LabelScheme(
        labels.stream().map(name -> new LabelScheme.Label(name, List.of(), 1, 0)).toList());
  }

  private String forEach(Path file, Consumer<Row> rows) {
    try {
      RowReader reader = RowReader.of(file, options.read(), RowPurpose.LABELED_TEXTS);
      reader.read(rows);
      return reader.recognised();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + file, e);
    }
  }
}
