package dev.weir.standalone.rows;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Kinds of files that are no rows of text, known by how they begin, each with its remedy. */
final class FileSignature {

  private static final String UNPACK = "unpack it, and name the file inside";
  private static final String EXPORT = "save the sheet as CSV UTF-8, and name that file";
  private static final String CONVERT =
      "write it as JSON lines (pandas: df.to_json(path, orient='records', lines=True))";

  private static final List<FileSignature> KNOWN =
      List.of(
          new FileSignature("a gzip archive", UNPACK, 0x1F, 0x8B),
          new FileSignature("a bzip2 archive", UNPACK, 'B', 'Z', 'h'),
          new FileSignature("an xz archive", UNPACK, 0xFD, '7', 'z', 'X', 'Z', 0),
          new FileSignature("a zstd archive", UNPACK, 0x28, 0xB5, 0x2F, 0xFD),
          new FileSignature("an lz4 archive", UNPACK, 0x04, 0x22, 0x4D, 0x18),
          new FileSignature("a 7z archive", UNPACK, '7', 'z', 0xBC, 0xAF, 0x27, 0x1C),
          new FileSignature("a rar archive", UNPACK, 'R', 'a', 'r', '!'),
          new FileSignature(
              "an Excel workbook of the old kind", EXPORT, 0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1),
          new FileSignature("a Parquet file", CONVERT, 'P', 'A', 'R', '1'),
          new FileSignature("an Arrow file", CONVERT, 'A', 'R', 'R', 'O', 'W', '1'),
          new FileSignature("an Avro file", CONVERT, 'O', 'b', 'j', 1),
          new FileSignature("an ORC file", CONVERT, 'O', 'R', 'C'),
          new FileSignature("an HDF5 file", CONVERT, 0x89, 'H', 'D', 'F'),
          new FileSignature("a NumPy file", CONVERT, 0x93, 'N', 'U', 'M', 'P', 'Y'),
          new FileSignature("a Python pickle", CONVERT, 0x80, 0x04, 0x95),
          new FileSignature("a Python pickle", CONVERT, 0x80, 0x05, 0x95),
          new FileSignature(
              "an SQLite database",
              "export the table as CSV, and name that file",
              'S',
              'Q',
              'L',
              'i',
              't',
              'e',
              ' ',
              'f',
              'o',
              'r',
              'm',
              'a',
              't'),
          new FileSignature(
              "a PDF document", "export the table as CSV, and name that file", '%', 'P', 'D', 'F'),
          new FileSignature(
              "an RTF document",
              "export the table as CSV, and name that file",
              '{',
              '\\',
              'r',
              't',
              'f'));

  private final String kind;
  private final String remedy;
  private final int[] start;

  private FileSignature(String kind, String remedy, int... start) {
    this.kind = kind;
    this.remedy = remedy;
    this.start = start;
  }

  /** What a file that begins like this is, and what to do; empty when it may be text. */
  static Optional<String> problem(byte[] head) {
    if (startsWith(head, new int[] {'P', 'K', 3, 4})
        || startsWith(head, new int[] {'P', 'K', 5, 6})) {
      return Optional.of(zip(head));
    }
    for (FileSignature known : KNOWN) {
      if (startsWith(head, known.start)) {
        return Optional.of("is " + known.kind + "; " + known.remedy);
      }
    }
    String text =
        new String(head, 0, Math.min(head.length, 512), StandardCharsets.ISO_8859_1)
            .strip()
            .toLowerCase(Locale.ROOT);
    if (text.startsWith("<!doctype html") || text.startsWith("<html")) {
      return Optional.of(
          "is a web page; was a sign-in page saved in place of the file? Download it again");
    }
    if (text.startsWith("<?xml")) {
      return Optional.of("is XML; write it as JSON lines, or as CSV with a header");
    }
    return Optional.empty();
  }

  /** Workbooks are zip archives; the names of their parts stand in them as plain text. */
  private static String zip(byte[] head) {
    String names = new String(head, StandardCharsets.ISO_8859_1);
    if (names.contains("xl/") || names.contains("[Content_Types].xml")) {
      return "is an Excel workbook (xlsx); " + EXPORT;
    }
    if (names.contains("opendocument")) {
      return "is an OpenDocument file; " + EXPORT;
    }
    return "is a zip archive; " + UNPACK;
  }

  private static boolean startsWith(byte[] head, int[] start) {
    return head.length >= start.length
        && Arrays.equals(
            Arrays.copyOf(head, start.length), 0, start.length, bytes(start), 0, start.length);
  }

  private static byte[] bytes(int[] values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return bytes;
  }
}
