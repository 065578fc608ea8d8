package dev.weir.standalone.rows;

import java.nio.charset.Charset;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the user says of a file because it cannot be recognised.
 *
 * @param encoding its encoding, or {@code null} to recognise it
 * @param delimiter its separator, or {@code null} to recognise it
 * @param columns a column's name by the field of Weir that it holds
 */
public record ReadOptions(
    @Nullable Charset encoding, @Nullable Character delimiter, Map<String, String> columns) {

  /** Everything is to be recognised. */
  public static final ReadOptions RECOGNISE = new ReadOptions(null, null, Map.of());

  /** Copies the map. */
  public ReadOptions {
    columns = Map.copyOf(columns);
  }
}
