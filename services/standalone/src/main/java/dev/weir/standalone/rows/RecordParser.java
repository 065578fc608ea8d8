package dev.weir.standalone.rows;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Cuts lines into the cells of delimited records (RFC 4180), and goes on after a quotation mark
 * that quotes nothing: its line alone is refused, the lines that it would swallow are read.
 *
 * <p>For one thread. No library does the second part; see {@code
 * docs/decisions/0042-own-reader-of-delimited-rows.md}.
 */
final class RecordParser {

  /** The separator of a file with one column: none. */
  static final char NONE = '\0';

  /** The longest record, lines together: several of the longest texts. */
  private static final int LONGEST = 1 << 20;

  private static final String STRAY =
      "a quotation mark quotes nothing in it; write \"\" for one inside of quotes, and quotes"
          + " around the whole field, or take it away";

  private final Lines lines;
  private final char delimiter;
  private int columns;

  RecordParser(Lines lines, char delimiter) {
    this.lines = lines;
    this.delimiter = delimiter;
  }

  /** Says how many cells a record has, once the header is known. */
  void expect(int cells) {
    columns = cells;
  }

  /** One record, or what is wrong with it. */
  sealed interface Parsed {

    /** The line it begins on. */
    long line();

    /** Its cells. */
    record Cells(long line, List<String> values) implements Parsed {
      boolean blank() {
        return values.stream().allMatch(String::isBlank);
      }
    }

    /** Why it cannot be cut. */
    record Broken(long line, String problem) implements Parsed {}
  }

  /** The next record that is not an empty line, or {@code null} at the end. */
  @Nullable Parsed next() throws IOException {
    for (Lines.Line line = lines.next(); line != null; line = lines.next()) {
      if (line.cut()) {
        return new Parsed.Broken(
            line.number(), "is longer than " + Lines.LONGEST + " characters; shorten it");
      }
      if (!line.text().isBlank()) {
        return new Cut(line).parse();
      }
    }
    return null;
  }

  /** The cutting of one record. */
  private final class Cut {
    private final Lines.Line first;
    private final List<Lines.Line> swallowed = new ArrayList<>();
    private final List<String> cells = new ArrayList<>();
    private String text;
    private int at;
    private int size;

    Cut(Lines.Line first) {
      this.first = first;
      this.text = first.text();
      this.size = text.length();
    }

    Parsed parse() throws IOException {
      while (true) {
        int quote = openingQuote();
        if (quote < 0) {
          int end = delimiter == NONE ? -1 : text.indexOf(delimiter, at);
          cells.add(text.substring(at, end < 0 ? text.length() : end));
          if (end < 0) {
            return done();
          }
          at = end + 1;
        } else {
          Optional<String> cell = quoted(quote + 1);
          if (cell.isEmpty()) {
            return stray(STRAY);
          }
          cells.add(cell.get());
          while (at < text.length() && text.charAt(at) == ' ') {
            at++;
          }
          if (at == text.length()) {
            return done();
          }
          if (text.charAt(at) != delimiter) {
            return stray(STRAY);
          }
          at++;
        }
      }
    }

    /** Where the cell's quotation mark is, blanks before it passed over; -1 for a plain cell. */
    private int openingQuote() {
      int i = at;
      while (i < text.length() && text.charAt(i) == ' ') {
        i++;
      }
      return i < text.length() && text.charAt(i) == '"' ? i : -1;
    }

    /** The text of a quoted cell, {@link #at} then behind it; empty when it is not closed. */
    private Optional<String> quoted(int from) throws IOException {
      StringBuilder cell = new StringBuilder();
      int i = from;
      while (true) {
        if (i >= text.length()) {
          Lines.Line next = size > LONGEST ? null : lines.next();
          if (next == null || next.cut()) {
            if (next != null) {
              swallowed.add(next);
            }
            return Optional.empty();
          }
          swallowed.add(next);
          size += next.text().length();
          cell.append('\n');
          text = next.text();
          i = 0;
        } else if (text.charAt(i) != '"') {
          cell.append(text.charAt(i++));
        } else if (i + 1 < text.length() && text.charAt(i + 1) == '"') {
          cell.append('"');
          i += 2;
        } else {
          at = i + 1;
          return Optional.of(cell.toString());
        }
      }
    }

    private Parsed done() {
      if (looksLikeRows()) {
        return stray(
            "a quotation mark opens in it and closes %d lines later, and the lines between look like rows of their own; write \"\" for one inside of quotes, or take it away"
                .formatted(swallowed.size()));
      }
      return new Parsed.Cells(first.number(), cells);
    }

    /** Whether lines that a quotation mark swallowed have the separators of whole rows. */
    private boolean looksLikeRows() {
      if (swallowed.isEmpty() || columns < 2) {
        return false;
      }
      if (delimiter == '\t') {
        // Text holds no tabs.
        return first.text().indexOf('\t', Math.max(0, first.text().lastIndexOf('"'))) >= 0
            || swallowed.stream()
                .limit(swallowed.size() - 1L)
                .anyMatch(line -> line.text().indexOf('\t') >= 0);
      }
      return swallowed.size() > 2
          && count(first.text()) == columns - 1
          && swallowed.stream()
              .limit(swallowed.size() - 1L)
              .allMatch(line -> count(line.text()) == columns - 1);
    }

    private long count(String line) {
      return line.chars().filter(c -> c == delimiter).count();
    }

    private Parsed stray(String problem) {
      lines.putBack(swallowed);
      return new Parsed.Broken(first.number(), problem);
    }
  }
}
