package dev.weir.standalone.rows;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Reader;
import java.io.StringReader;
import org.jspecify.annotations.Nullable;

/**
 * Cuts a text into its JSON objects, whether they stand one to a line, over several lines, one
 * after the other, or in an array.
 *
 * <p>An object that is broken costs itself: the next one that begins a line is read again. Memory
 * holds one object. For one thread.
 */
final class JsonValues {

  /** The longest object: several of the longest texts, or an export with long histories. */
  static final int LONGEST = 1 << 22;

  /** How often the rest of a broken object is looked through again: each may cost its length. */
  private static final int RESCANS = 100;

  private final BufferedReader reader;
  private @Nullable Reader again;
  private long line = 1;
  private boolean afterReturn;
  private int rescans;
  private int arrays;
  private boolean anyArray;
  private int pushedBack = -1;

  JsonValues(Reader reader) {
    this.reader = new BufferedReader(reader);
  }

  /** One object's text, or what stands in its place. */
  sealed interface Found {

    /** The line it begins on. */
    long line();

    /** An object as it is written, without comments. */
    record Text(long line, String json) implements Found {}

    /** What is no object, or is not whole. */
    record Broken(long line, String problem) implements Found {}
  }

  /** Whether an array was opened so far. */
  boolean inArray() {
    return anyArray;
  }

  /** The next object, or {@code null} at the end. */
  @Nullable Found next() throws IOException {
    for (int c = read(); c >= 0; c = read()) {
      if (c == '{') {
        return object();
      }
      if (c == '[') {
        arrays++;
        anyArray = true;
      } else if (c == ']') {
        arrays--;
      } else if (c == '/') {
        comment();
      } else if (c != ',' && c != 0x1E && c != 0xFEFF && !Character.isWhitespace(c)) {
        return garbage();
      }
    }
    if (arrays > 0) {
      arrays = 0;
      return new Found.Broken(
          line, "ends inside of an array; the file is cut off, write or download it again");
    }
    return null;
  }

  private Found garbage() throws IOException {
    long at = line;
    int c = read();
    while (c >= 0 && c != '\n' && c != '\r' && c != '{' && c != ']') {
      c = read();
    }
    unread(c);
    return new Found.Broken(at, "is not a JSON object; write {\"text\":…} once per row");
  }

  private Found object() throws IOException {
    long start = line;
    StringBuilder text = new StringBuilder("{");
    StringBuilder open = new StringBuilder("{");
    boolean tooLong = false;
    boolean lineStart = false;
    int before = '{';
    while (!open.isEmpty()) {
      int c = read();
      if (c < 0) {
        return unclosed(start, text, tooLong);
      }
      if (c == '\n' || c == '\r') {
        lineStart = true;
        append(text, c);
        continue;
      }
      if (lineStart && (c == '{' || c == '[') && !mayOpen(before, open)) {
        unread(c);
        return new Found.Broken(
            start, "is not JSON: it is not closed before the next one begins; close it with }");
      }
      if (c == '/') {
        comment();
        continue;
      }
      tooLong |= !append(text, c);
      if (Character.isWhitespace(c)) {
        continue;
      }
      lineStart = false;
      before = c;
      switch (c) {
        case '{', '[' -> open.append((char) c);
        case '}', ']' -> open.setLength(open.length() - 1);
        case '"' -> {
          if (!string(text)) {
            return new Found.Broken(
                start, "is not JSON: a string in it is not closed; end it with \" on its own line");
          }
        }
        default -> {}
      }
    }
    return tooLong
        ? new Found.Broken(
            start,
            "is longer than %d characters; is all of the file one object? Write one object per row"
                .formatted(LONGEST))
        : new Found.Text(start, text.toString());
  }

  /** Whether an object may begin after this character. */
  private static boolean mayOpen(int before, StringBuilder open) {
    boolean inArray = open.charAt(open.length() - 1) == '[';
    return before == ':' || (inArray && (before == '[' || before == ','));
  }

  /** Reads a string to its end; false when its line ends before. */
  private boolean string(StringBuilder text) throws IOException {
    for (int c = read(); c >= 0; c = read()) {
      if (c == '\n' || c == '\r') {
        return false;
      }
      append(text, c);
      if (c == '"') {
        return true;
      }
      if (c == '\\') {
        int escaped = read();
        if (escaped < 0 || escaped == '\n' || escaped == '\r') {
          return false;
        }
        append(text, escaped);
      }
    }
    return false;
  }

  private Found unclosed(long start, StringBuilder text, boolean tooLong) {
    int end = text.indexOf("\n");
    if (end >= 0 && !tooLong && rescans++ < RESCANS) {
      again = new StringReader(text.substring(end + 1));
      line = start + 1;
      return new Found.Broken(start, "is not JSON: it is not closed; close it with }");
    }
    return new Found.Broken(
        start,
        end < 0
            ? "is not JSON: the file ends inside of it; write or download it again"
            : "and everything after it cannot be read: it is not closed; close it with }");
  }

  private static boolean append(StringBuilder text, int c) {
    if (text.length() >= LONGEST) {
      return false;
    }
    text.append((char) c);
    return true;
  }

  private void comment() throws IOException {
    int c = read();
    if (c == '/') {
      while (c >= 0 && c != '\n' && c != '\r') {
        c = read();
      }
      unread(c);
    } else if (c == '*') {
      int before = 0;
      for (c = read(); c >= 0 && !(before == '*' && c == '/'); c = read()) {
        before = c;
      }
    } else {
      unread(c);
    }
  }

  private int read() throws IOException {
    int c = pushedBack;
    pushedBack = -1;
    if (c < 0) {
      c = raw();
    }
    if (c == '\n' && afterReturn) {
      afterReturn = false;
      c = raw();
    }
    afterReturn = c == '\r';
    if (c == '\n' || c == '\r') {
      line++;
    }
    return c;
  }

  private int raw() throws IOException {
    if (again != null) {
      int c = again.read();
      if (c >= 0) {
        return c;
      }
      again = null;
    }
    return reader.read();
  }

  private void unread(int c) {
    if (c >= 0) {
      pushedBack = c;
      if (c == '\n' || c == '\r') {
        line--;
        afterReturn = false;
      }
    }
  }
}
