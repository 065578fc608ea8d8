package dev.weir.curation.deadletter;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.weir.contract.event.InputPosition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import org.jspecify.annotations.Nullable;

/**
 * A feedback record as it was read: it travels with whatever is made of it, so that each later step
 * can still send it to the dead-letter topic untouched.
 *
 * <p>Immutable by convention: the arrays are not copied, nobody writes to them.
 */
public final class Original {

  /**
   * Header in which the timestamp travels from where it is clamped to here. Never leaves the
   * process, and one that a producer set is not believed.
   */
  public static final String RECORDED = "weir.recorded";

  /** What a header costs beside its name and value. */
  private static final int HEADER_BYTES = 16;

  private final byte @Nullable [] key;
  private final byte @Nullable [] value;
  private final Headers headers;
  private final InputPosition position;
  private final long timestampMs;

  Original(
      byte @Nullable [] key,
      byte @Nullable [] value,
      Headers headers,
      InputPosition position,
      long timestampMs) {
    this.key = key;
    this.value = value;
    this.headers = headers;
    this.position = position;
    this.timestampMs = timestampMs;
  }

  /** The record that a source node hands over. */
  public static Original of(Record<byte[], byte[]> record, RecordMetadata at) {
    return of(
        record.key(),
        record.value(),
        record.headers(),
        new InputPosition(at.topic(), at.partition(), at.offset()),
        record.timestamp());
  }

  /** A record in its parts; its own time is the one in {@link #RECORDED} where that is set. */
  public static Original of(
      byte @Nullable [] key,
      byte @Nullable [] value,
      Headers headers,
      InputPosition position,
      long timestampMs) {
    Header recorded = headers.lastHeader(RECORDED);
    if (recorded == null) {
      return new Original(key, value, headers, position, timestampMs);
    }
    Headers own = new RecordHeaders(headers);
    own.remove(RECORDED);
    return new Original(key, value, own, position, time(recorded, timestampMs));
  }

  private static long time(Header recorded, long otherwise) {
    try {
      return recorded.value() == null
          ? otherwise
          : Long.parseLong(new String(recorded.value(), UTF_8));
    } catch (NumberFormatException e) {
      return otherwise; // Somebody else's header of that name.
    }
  }

  /** The record's key, or {@code null}. */
  public byte @Nullable [] key() {
    return key;
  }

  /** The record's value, or {@code null}. */
  public byte @Nullable [] value() {
    return value;
  }

  /** The record's own headers. */
  public Headers headers() {
    return headers;
  }

  /** Where it stood. */
  public InputPosition position() {
    return position;
  }

  /**
   * The record's own timestamp, milliseconds since the epoch. Any number: a producer may be years
   * ahead, and -1 says that it set none.
   */
  public long timestampMs() {
    return timestampMs;
  }

  /** Bytes of key, value and headers, uncompressed. */
  public long sizeBytes() {
    long size = sizeBytes(headers);
    size += key == null ? 0 : key.length;
    size += value == null ? 0 : value.length;
    return size;
  }

  /** Bytes of headers; one without name and value is not free either. */
  public static long sizeBytes(Headers headers) {
    long size = 0;
    for (Header header : headers) {
      size += HEADER_BYTES + header.key().length() * 3L;
      size += header.value() == null ? 0 : header.value().length;
    }
    return size;
  }
}
