package dev.weir.standalone.rows;

import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackReader;
import java.io.Reader;
import java.io.SequenceInputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * The one reader of files with reviews, feedback or labeled texts.
 *
 * <p>It recognises the encoding (UTF-8, UTF-16, UTF-32, Windows-1252), the form (JSON objects in
 * any arrangement, tables with any common separator, fastText), the columns and the exports of
 * labeling tools, and says so in one line. What concerns all of a file is one {@link
 * RowFileException}; what concerns a row is a {@link Row.Bad}, and the others are read. Memory
 * holds a row, not the file. For one thread.
 */
public final class RowReader {

  private final String name;
  private final Source source;
  private final ReadOptions options;
  private final RowPurpose purpose;
  private String recognised = "nothing was read yet";

  /** Gives the text, decoded by what its bytes say. */
  private interface Source {
    Opened open() throws IOException;
  }

  private record Opened(Reader text, TextEncoding encoding) {}

  private RowReader(String name, Source source, ReadOptions options, RowPurpose purpose) {
    this.name = name;
    this.source = source;
    this.options = options;
    this.purpose = purpose;
  }

  /** A reader of a file, which may be read more than once if it is a regular one. */
  public static RowReader of(Path file, ReadOptions options, RowPurpose purpose) {
    return of(file, file.toString(), options, purpose);
  }

  /** The same for a file that is told by another name. */
  public static RowReader of(Path file, String name, ReadOptions options, RowPurpose purpose) {
    return new RowReader(name, () -> open(file, name, options), options, purpose);
  }

  /** A reader of a stream, which is read once. */
  public static RowReader of(InputStream in, String name, ReadOptions options, RowPurpose purpose) {
    return new RowReader(name, () -> open(in, name, options), options, purpose);
  }

  /** What the file is, on one line; after {@link #read}. */
  public String recognised() {
    return recognised;
  }

  /**
   * Reads all rows.
   *
   * @throws RowFileException if the file as a whole cannot be used, or holds no row
   */
  public void read(Consumer<Row> rows) throws IOException {
    long[] count = {0};
    Consumer<Row> counting =
        row -> {
          count[0]++;
          rows.accept(row);
        };
    Opened opened = source.open();
    try (PushbackReader text = new PushbackReader(opened.text, TextEncoding.HEAD)) {
      char[] buffer = new char[TextEncoding.HEAD];
      int size = 0;
      for (int n = text.read(buffer); n > 0; n = text.read(buffer, size, buffer.length - size)) {
        size += n;
        // A pipe that is written row by row must not wait for all of it.
        if (size == buffer.length || !text.ready()) {
          break;
        }
      }
      String head = new String(buffer, 0, size);
      text.unread(buffer, 0, size);
      Consumer<String> told = form -> recognised = form + ", " + opened.encoding.shown();
      if (json(head)) {
        new JsonRows(name, purpose, options).read(text, told, counting);
      } else if (FastTextRows.are(head)) {
        new FastTextRows(purpose).read(text, told, counting);
      } else {
        new DelimitedRows(name, purpose, options).read(head, text, told, counting);
      }
    }
    if (count[0] == 0) {
      throw new RowFileException(name, "holds no row (" + recognised + ")");
    }
  }

  /** Reads all rows of a file into a list. */
  public List<Row> readAll() throws IOException {
    List<Row> rows = new ArrayList<>();
    read(rows::add);
    return rows;
  }

  private static boolean json(String head) {
    String start = head.startsWith("\uFEFF") ? head.substring(1) : head;
    start = start.stripLeading();
    return start.startsWith("{")
        || start.startsWith("[")
        || start.startsWith("//")
        || start.startsWith("/*")
        || start.startsWith("\u001E");
  }

  private static Opened open(Path file, String name, ReadOptions options) throws IOException {
    try {
      if (Files.isDirectory(file)) {
        throw new RowFileException(name, "is a directory; name a file in it");
      }
      if (!Files.isRegularFile(file) && Files.exists(file)) {
        return open(Files.newInputStream(file), name, options);
      }
      TextEncoding encoding = TextEncoding.of(file, name, options.encoding());
      InputStream in = new BufferedInputStream(Files.newInputStream(file), TextEncoding.HEAD);
      return new Opened(encoding.reader(in, name), encoding);
    } catch (NoSuchFileException e) {
      throw new RowFileException(name, "does not exist; name a readable file", e);
    } catch (AccessDeniedException e) {
      throw new RowFileException(name, "cannot be read: no permission; make it readable", e);
    }
  }

  private static Opened open(InputStream in, String name, ReadOptions options) throws IOException {
    byte[] head = TextEncoding.head(in);
    TextEncoding encoding = TextEncoding.of(head, name, options.encoding());
    InputStream whole = new SequenceInputStream(new ByteArrayInputStream(head), in);
    return new Opened(encoding.reader(whole, name), encoding);
  }
}
