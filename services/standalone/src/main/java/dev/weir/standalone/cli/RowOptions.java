package dev.weir.standalone.cli;

import dev.weir.standalone.rows.ReadOptions;
import java.nio.charset.Charset;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The options of every command that reads rows from a file: what cannot be recognised in it. */
final class RowOptions {

  private static final Set<String> FIELDS =
      Set.of(
          "text", "label", "stars", "id", "reviewId", "adapter", "source", "verdict", "timestamp");

  @Option(
      names = "--map",
      paramLabel = "FIELD=COLUMN",
      converter = {FieldName.class, ColumnName.class},
      description =
          "which column holds text, label, stars, id, reviewId, adapter, source, verdict or"
              + " timestamp, as in --map text=\"Review Text\"; may be given several times")
  private Map<String, String> columns = new LinkedHashMap<>();

  @Option(
      names = "--encoding",
      paramLabel = "NAME",
      converter = EncodingName.class,
      description = "the file's encoding, where it cannot be recognised, as in windows-1251")
  private @Nullable Charset encoding;

  @Option(
      names = "--delimiter",
      paramLabel = "CHAR",
      converter = DelimiterName.class,
      description = "what separates columns: one character, or comma, semicolon, tab, bar")
  private @Nullable Character delimiter;

  /** The options as the reader takes them. */
  ReadOptions read() {
    return new ReadOptions(encoding, delimiter, columns);
  }

  /** One of Weir's fields, in any letter case. */
  static final class FieldName implements ITypeConverter<String> {
    @Override
    public String convert(String written) {
      return FIELDS.stream()
          .filter(field -> field.equalsIgnoreCase(written.strip()))
          .findFirst()
          .orElseThrow(
              () ->
                  new TypeConversionException(
                      "'%s' is no field; write FIELD=COLUMN with one of %s"
                          .formatted(written, FIELDS.stream().sorted().toList())));
    }
  }

  /** A column's name as the file has it. */
  static final class ColumnName implements ITypeConverter<String> {
    @Override
    public String convert(String written) {
      return written;
    }
  }

  /** An encoding that this JVM knows. */
  static final class EncodingName implements ITypeConverter<Charset> {
    @Override
    public Charset convert(String written) {
      try {
        return Charset.forName(written.strip());
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(
            "'%s' is no encoding; write UTF-8, UTF-16LE, windows-1252, ISO-8859-1, Shift_JIS or another"
                .formatted(written));
      }
    }
  }

  /** A character, or the word for one that a shell makes hard to write. */
  static final class DelimiterName implements ITypeConverter<Character> {
    @Override
    public Character convert(String written) {
      return switch (written.toLowerCase(Locale.ROOT)) {
        case "comma" -> ',';
        case "semicolon" -> ';';
        case "tab", "\\t" -> '\t';
        case "bar", "pipe" -> '|';
        default -> {
          if (written.length() != 1 || written.equals("\"")) {
            throw new TypeConversionException(
                "'%s' is no separator; write one character, or comma, semicolon, tab or bar"
                    .formatted(written));
          }
          yield written.charAt(0);
        }
      };
    }
  }
}
