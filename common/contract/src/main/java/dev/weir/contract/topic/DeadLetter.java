package dev.weir.contract.topic;

import dev.weir.contract.event.InputPosition;
import dev.weir.contract.event.Parsed;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.jspecify.annotations.Nullable;

/**
 * The headers of a dead letter; its key and value are the original bytes, untouched.
 *
 * <p>The original record's own headers stay in front of these.
 */
public final class DeadLetter {

  /** Stable reason code, see {@link Parsed.Reason}. */
  public static final String REASON = "weir.reason";

  /** What is wrong, for people. */
  public static final String MESSAGE = "weir.message";

  /** {@code topic-partition@offset} of the original. */
  public static final String SOURCE = "weir.source";

  /** Class of the exception behind it; absent when there was none. */
  public static final String EXCEPTION = "weir.exception";

  /**
   * The original record's own timestamp, epoch milliseconds; the dead letter's is the time of
   * writing.
   */
  public static final String TIMESTAMP = "weir.timestamp";

  private DeadLetter() {}

  /** The headers for one dead letter. */
  public static Headers headers(
      Iterable<Header> original,
      String reason,
      String message,
      InputPosition source,
      @Nullable Throwable exception) {
    Headers headers = new RecordHeaders();
    original.forEach(headers::add);
    headers.add(REASON, utf8(reason));
    headers.add(MESSAGE, utf8(message));
    headers.add(SOURCE, utf8(source.toString()));
    if (exception != null) {
      headers.add(EXCEPTION, utf8(exception.getClass().getName()));
    }
    return headers;
  }

  /** The value of a header, or {@code null} when the record has none of that name. */
  public static @Nullable String header(Headers headers, String name) {
    Header header = headers.lastHeader(name);
    return header == null ? null : new String(header.value(), StandardCharsets.UTF_8);
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
