package dev.weir.standalone.rows;

import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How a file's bytes become text.
 *
 * @param charset its encoding
 * @param skipped bytes of the byte order mark before the text
 */
record TextEncoding(Charset charset, int skipped) {

  /** Bytes that the kind of a file is told from. */
  static final int HEAD = 1 << 16;

  private static final Charset WINDOWS_1252 = Charset.forName("windows-1252");
  private static final Charset UTF_32LE = Charset.forName("UTF-32LE");
  private static final Charset UTF_32BE = Charset.forName("UTF-32BE");
  private static final String NAME_IT =
      "name it with --encoding (such as UTF-8, windows-1252, windows-1251, Shift_JIS)";

  /** For the line that says what was recognised. */
  String shown() {
    return charset.name() + (skipped > 0 ? " with byte order mark" : "");
  }

  /**
   * Recognises a file by all its bytes.
   *
   * @throws RowFileException if it is no text, or in an encoding that cannot be told
   */
  static TextEncoding of(Path file, String name, @Nullable Charset given) throws IOException {
    byte[] head;
    try (InputStream in = Files.newInputStream(file)) {
      head = in.readNBytes(HEAD);
    }
    TextEncoding known = byHead(head, name, given);
    if (known != null) {
      known.check(file, name);
      return known;
    }
    Utf8Scan scan = new Utf8Scan();
    try (InputStream in = Files.newInputStream(file)) {
      byte[] buffer = new byte[HEAD];
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        scan.take(buffer, n);
      }
    }
    scan.end();
    TextEncoding encoding = byScan(scan, name);
    if (encoding.charset.equals(WINDOWS_1252)) {
      WesternText western = new WesternText();
      encoding.check(file, name, western);
      refuseForeign(western, name);
    }
    return encoding;
  }

  /** The same for a stream that is read once, by its first bytes alone. */
  static TextEncoding of(byte[] head, String name, @Nullable Charset given) {
    TextEncoding known = byHead(head, name, given);
    if (known != null) {
      return known;
    }
    Utf8Scan scan = new Utf8Scan();
    // A sequence may be cut by the end of the head.
    scan.take(head, head.length);
    TextEncoding encoding = byScan(scan, name);
    if (encoding.charset.equals(WINDOWS_1252)) {
      WesternText western = new WesternText();
      char[] characters = new String(head, WINDOWS_1252).toCharArray();
      western.take(characters, characters.length);
      refuseForeign(western, name);
    }
    return encoding;
  }

  private static @Nullable TextEncoding byHead(byte[] head, String name, @Nullable Charset given) {
    Optional<String> foreign = FileSignature.problem(head);
    if (foreign.isPresent()) {
      throw new RowFileException(name, foreign.get());
    }
    TextEncoding marked = marked(head);
    if (given != null) {
      boolean same =
          marked != null && marked.charset.name().startsWith(given.name().replaceAll("[LB]E$", ""));
      return new TextEncoding(given, same && marked != null ? marked.skipped : 0);
    }
    return marked != null ? marked : byZeros(head, name);
  }

  private static TextEncoding byScan(Utf8Scan scan, String name) {
    if (scan.wrong() == 0) {
      return new TextEncoding(StandardCharsets.UTF_8, 0);
    }
    if (scan.sequences() > 0) {
      throw new RowFileException(
          name,
          "mixes UTF-8 with another encoding, or is in one that looks like it in places (line %d has bytes that are not UTF-8); was it put together from several files? Convert each to UTF-8 before, or %s"
              .formatted(scan.firstWrongLine(), NAME_IT));
    }
    return new TextEncoding(WINDOWS_1252, 0);
  }

  private static void refuseForeign(WesternText western, String name) {
    String objection = western.objection();
    if (objection != null) {
      throw new RowFileException(
          name,
          "is in an encoding that cannot be told: it is not UTF-8, and as Windows-1252 %s; save it as UTF-8, or %s"
              .formatted(objection, NAME_IT));
    }
  }

  private static @Nullable TextEncoding marked(byte[] head) {
    if (starts(head, 0xEF, 0xBB, 0xBF)) {
      return new TextEncoding(StandardCharsets.UTF_8, 3);
    }
    if (starts(head, 0xFF, 0xFE, 0, 0)) {
      return new TextEncoding(UTF_32LE, 4);
    }
    if (starts(head, 0, 0, 0xFE, 0xFF)) {
      return new TextEncoding(UTF_32BE, 4);
    }
    if (starts(head, 0xFF, 0xFE)) {
      return new TextEncoding(StandardCharsets.UTF_16LE, 2);
    }
    return starts(head, 0xFE, 0xFF) ? new TextEncoding(StandardCharsets.UTF_16BE, 2) : null;
  }

  /** UTF-16 without a mark: the separators, line ends and Latin letters have a zero on one side. */
  private static @Nullable TextEncoding byZeros(byte[] head, String name) {
    long even = 0;
    long odd = 0;
    for (int i = 0; i < head.length; i++) {
      if (head[i] == 0) {
        even += i % 2 == 0 ? 1 : 0;
        odd += i % 2 == 1 ? 1 : 0;
      }
    }
    if (even == 0 && odd == 0) {
      return null;
    }
    long enough = Math.max(2, head.length / 200);
    if (even == 0 && odd >= enough) {
      return new TextEncoding(StandardCharsets.UTF_16LE, 0);
    }
    if (odd == 0 && even >= enough) {
      return new TextEncoding(StandardCharsets.UTF_16BE, 0);
    }
    throw new RowFileException(
        name, "holds zero bytes: it is no text file; write it as JSON lines, or as CSV in UTF-8");
  }

  private static boolean starts(byte[] head, int... mark) {
    for (int i = 0; i < mark.length; i++) {
      if (head.length <= i || (head[i] & 0xFF) != mark[i]) {
        return false;
      }
    }
    return true;
  }

  private void check(Path file, String name) throws IOException {
    check(file, name, new WesternText());
  }

  /** Decodes everything once, so that no row is half read when the fault comes. */
  private void check(Path file, String name, WesternText western) throws IOException {
    try (Reader reader = reader(Files.newInputStream(file), name)) {
      char[] buffer = new char[1 << 13];
      for (int n = reader.read(buffer); n >= 0; n = reader.read(buffer)) {
        western.take(buffer, n);
      }
    }
  }

  /**
   * A reader of the text behind the mark; it ends with a {@link RowFileException} at bytes that are
   * not of this encoding. Whoever gets it closes it.
   */
  Reader reader(InputStream in, String name) throws IOException {
    in.skipNBytes(skipped);
    return new StrictReader(in, charset.newDecoder(), name, "save it as UTF-8, or " + NAME_IT);
  }

  /** What has come of a stream, up to the size of a head; waits for its first line. */
  static byte[] head(InputStream in) throws IOException {
    byte[] head = new byte[HEAD];
    int size = 0;
    while (size < HEAD) {
      int n = in.read(head, size, HEAD - size);
      if (n < 0) {
        break;
      }
      size += n;
      boolean line = false;
      for (int i = 0; i < size && !line; i++) {
        line = head[i] == '\n';
      }
      // A pipe that is written row by row must not wait for 64 KiB.
      if (line && in.available() == 0) {
        break;
      }
    }
    return Arrays.copyOf(head, size);
  }
}
