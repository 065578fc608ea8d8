package dev.weir.standalone.rows;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Reader;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The lines of a text with their numbers, ended by LF, CR LF or CR; some can be put back.
 *
 * <p>For one thread. A byte order mark at the start of a line (files that were joined) is dropped.
 */
final class Lines {

  /** The longest line that is kept whole. */
  static final int LONGEST = 1 << 22;

  private final BufferedReader reader;
  private final Deque<Line> putBack = new ArrayDeque<>();
  private long number;
  private boolean afterReturn;

  /**
   * A line without its end.
   *
   * @param number from 1
   * @param text at most {@link #LONGEST} characters of it
   * @param cut whether it is longer than that
   */
  record Line(long number, String text, boolean cut) {}

  Lines(Reader reader) {
    this.reader = new BufferedReader(reader);
  }

  /** The next line, or {@code null} at the end. */
  @Nullable Line next() throws IOException {
    Line back = putBack.poll();
    return back != null ? back : read();
  }

  /** Gives lines again, in this order, before any other. */
  void putBack(List<Line> lines) {
    for (int i = lines.size() - 1; i >= 0; i--) {
      putBack.addFirst(lines.get(i));
    }
  }

  private @Nullable Line read() throws IOException {
    StringBuilder text = new StringBuilder();
    boolean cut = false;
    boolean any = false;
    for (int c = reader.read(); c >= 0; c = reader.read()) {
      if (afterReturn && c == '\n') {
        afterReturn = false;
        continue;
      }
      afterReturn = c == '\r';
      if (c == '\n' || c == '\r') {
        return line(text, cut);
      }
      any = true;
      if (text.isEmpty() && c == '\uFEFF') {
        continue;
      }
      if (text.length() < LONGEST) {
        text.append((char) c);
      } else {
        cut = true;
      }
    }
    return any ? line(text, cut) : null;
  }

  private Line line(StringBuilder text, boolean cut) {
    return new Line(++number, text.toString(), cut);
  }
}
