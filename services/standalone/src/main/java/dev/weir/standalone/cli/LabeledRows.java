package dev.weir.standalone.cli;

import dev.weir.common.event.LabelScheme;
import dev.weir.common.event.Limits;
import dev.weir.standalone.rows.RowReader;
import dev.weir.trainer.data.LabeledText;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/** Reads the labeled rows of a file for training and evaluation; bad rows are reported. */
final class LabeledRows {

  private static final int SHOWN = 5;

  private LabeledRows() {}

  /**
   * The usable rows of a file.
   *
   * @param labels the scheme that spellings are read by
   * @throws ParameterException if the file cannot be read or holds no usable row
   */
  static List<LabeledText> read(Path file, LabelScheme labels, CommandLine command) {
    List<LabeledText> rows = new ArrayList<>();
    List<String> bad = new ArrayList<>();
    for (RowReader.Row row : open(file, command)) {
      if (row instanceof RowReader.Row.Bad broken) {
        bad.add("line " + broken.line() + " " + broken.problem());
        continue;
      }
      RowReader.Row.Good good = (RowReader.Row.Good) row;
      String text = good.text("text");
      String written = good.text("label");
      Optional<String> label = written == null ? Optional.empty() : labels.canonical(written);
      if (text == null || text.isBlank() || text.length() > Limits.TEXT_CHARACTERS) {
        bad.add("line " + good.line() + " has no text, or more than 100,000 characters");
      } else if (label.isEmpty()) {
        bad.add("line " + good.line() + ": label '" + written + "' is none of " + labels.names());
      } else {
        rows.add(new LabeledText(text, label.get()));
      }
    }
    PrintWriter err = command.getErr();
    bad.stream().limit(SHOWN).forEach(problem -> err.println(file + ": " + problem));
    if (bad.size() > SHOWN) {
      err.println(file + ": " + (bad.size() - SHOWN) + " more bad rows");
    }
    err.flush();
    if (rows.isEmpty()) {
      throw new ParameterException(
          command, file + " has no usable row; it needs the columns text and label");
    }
    return rows;
  }

  /**
   * The label scheme of a file whose labels are not given: sentiment when all its labels are
   * spellings of that, else the labels themselves in alphabetical order.
   */
  static LabelScheme scheme(Path file, CommandLine command) {
    TreeSet<String> found = new TreeSet<>();
    for (RowReader.Row row : open(file, command)) {
      if (row instanceof RowReader.Row.Good good) {
        String label = good.text("label");
        if (label != null) {
          found.add(label.strip());
        }
      }
    }
    if (found.stream().allMatch(label -> LabelScheme.SENTIMENT.canonical(label).isPresent())) {
      return LabelScheme.SENTIMENT;
    }
    return scheme(List.copyOf(found));
  }

  /** The scheme of labels that are known by name. */
  static LabelScheme scheme(List<String> labels) {
    if (labels.equals(LabelScheme.SENTIMENT.names())) {
      return LabelScheme.SENTIMENT;
    }
    return new LabelScheme(
        labels.stream().map(name -> new LabelScheme.Label(name, List.of(), 1, 0)).toList());
  }

  private static List<RowReader.Row> open(Path file, CommandLine command) {
    try {
      if (!Files.isRegularFile(file)) {
        throw new ParameterException(command, "no file '" + file + "'; name a readable one");
      }
      return RowReader.readAll(file);
    } catch (IOException e) {
      throw new ParameterException(command, "cannot read '" + file + "': " + e, e);
    }
  }
}
