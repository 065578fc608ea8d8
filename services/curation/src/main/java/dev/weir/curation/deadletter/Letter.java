package dev.weir.curation.deadletter;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.weir.contract.event.Surrogates;
import dev.weir.contract.topic.DeadLetter;
import java.util.Arrays;
import java.util.List;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.jspecify.annotations.Nullable;

/**
 * A dead letter in the form in which it is written: the original key, value and headers, and the
 * reason in further headers.
 *
 * <p>A record over {@link #MAX_BYTES} becomes a stub: no headers of its own and the first {@link
 * #EXCERPT_BYTES} of key and value. Its position tells where the whole of it is.
 *
 * @param key the original key, or its beginning, or {@code null}
 * @param value the original value, or its beginning, or {@code null}
 * @param headers the original headers, unless it is a stub, and those of {@link DeadLetter}
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared; the bytes go to Kafka as they are.
public record Letter(byte @Nullable [] key, byte @Nullable [] value, Headers headers) {

  /**
   * Bytes of key, value and headers that are accepted and kept whole: JSON may write each of a
   * text's 100,000 characters as six bytes. Everything that curation makes of such a record stays
   * below the limit that Kafka's topics have by default, 1 MiB.
   */
  public static final int MAX_BYTES = 640 << 10;

  /** What is kept of key and value when the record is larger. */
  public static final int EXCERPT_BYTES = 1 << 10;

  /** An exception's message may quote the whole record; a header of that size would be refused. */
  private static final int MESSAGE_CHARACTERS = 2_000;

  /** A letter; {@code exception} is {@code null} when there was none. */
  public static Letter of(
      Original original, String reason, String message, @Nullable Throwable exception) {
    return of(original, reason, message, exception, original.sizeBytes() > MAX_BYTES);
  }

  static Letter of(
      Original original,
      String reason,
      String message,
      @Nullable Throwable exception,
      boolean stub) {
    String clipped = Surrogates.clip(message, MESSAGE_CHARACTERS);
    Iterable<Header> kept = stub ? List.of() : original.headers();
    String said =
        stub
            ? clipped
                + " (the dead letter leaves out the record's own headers and all but the first "
                + EXCERPT_BYTES
                + " bytes of key and value)"
            : clipped;
    Headers headers = DeadLetter.headers(kept, reason, said, original.position(), exception);
    headers.add(DeadLetter.TIMESTAMP, Long.toString(original.timestampMs()).getBytes(UTF_8));
    return stub
        ? new Letter(excerpt(original.key()), excerpt(original.value()), headers)
        : new Letter(original.key(), original.value(), headers);
  }

  private static byte @Nullable [] excerpt(byte @Nullable [] whole) {
    return whole == null || whole.length <= EXCERPT_BYTES
        ? whole
        : Arrays.copyOf(whole, EXCERPT_BYTES);
  }
}
