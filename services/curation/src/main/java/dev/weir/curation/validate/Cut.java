package dev.weir.curation.validate;

import static java.nio.charset.StandardCharsets.UTF_8;

import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.jspecify.annotations.Nullable;

/** The header of a record of which only the beginning was read, because it is too large. */
public final class Cut {

  private static final String HEADER = "weir.cut";

  private Cut() {}

  /** Marks a record; a mark that its producer set is not believed. */
  public static void mark(Headers headers, String what) {
    unmark(headers);
    headers.add(HEADER, what.getBytes(UTF_8));
  }

  /** Says that a record is whole. */
  public static void unmark(Headers headers) {
    if (headers.lastHeader(HEADER) != null) {
      headers.remove(HEADER);
    }
  }

  /** What was cut, or {@code null} when the record is whole. */
  static @Nullable String of(Headers headers) {
    Header mark = headers.lastHeader(HEADER);
    return mark == null || mark.value() == null ? null : new String(mark.value(), UTF_8);
  }
}
