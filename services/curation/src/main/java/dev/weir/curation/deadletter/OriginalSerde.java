package dev.weir.curation.deadletter;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.weir.contract.event.InputPosition;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.jspecify.annotations.Nullable;

/**
 * The binary form of an {@link Original} in repartition topics and stores.
 *
 * <p>Bytes stay bytes: JSON would blow a value of the largest accepted size up by a third. The
 * first byte is the form's version. Lengths are 4 bytes, -1 stands for {@code null}.
 */
public final class OriginalSerde {

  private static final byte VERSION = 1;

  private OriginalSerde() {}

  /** Writes one. */
  public static byte[] write(Original original) {
    List<byte[]> parts = new ArrayList<>();
    int size = 1 + Integer.BYTES + 2 * Long.BYTES + Integer.BYTES;
    parts.add(original.position().topic().getBytes(UTF_8));
    parts.add(original.key());
    parts.add(original.value());
    int headers = 0;
    for (Header header : original.headers()) {
      parts.add(header.key().getBytes(UTF_8));
      parts.add(header.value());
      headers++;
    }
    for (byte[] part : parts) {
      size += Integer.BYTES + (part == null ? 0 : part.length);
    }
    ByteBuffer out = ByteBuffer.allocate(size);
    out.put(VERSION);
    out.putInt(original.position().partition());
    out.putLong(original.position().offset());
    out.putLong(original.timestampMs());
    out.putInt(headers);
    parts.forEach(part -> put(out, part));
    return out.array();
  }

  /**
   * Reads what is left in a buffer.
   *
   * @throws IllegalArgumentException if it was written in a form that this version does not know
   */
  public static Original read(ByteBuffer in) {
    byte version = in.get();
    if (version != VERSION) {
      throw new IllegalArgumentException(
          "buffered feedback is of form "
              + version
              + ", this version reads form "
              + VERSION
              + "; start the version of Weir that wrote it");
    }
    int partition = in.getInt();
    long offset = in.getLong();
    long timestampMs = in.getLong();
    int count = in.getInt();
    String topic = string(in);
    byte[] key = get(in);
    byte[] value = get(in);
    Headers headers = new RecordHeaders();
    for (int i = 0; i < count; i++) {
      String name = string(in);
      headers.add(name, get(in));
    }
    return new Original(
        key, value, headers, new InputPosition(topic, partition, offset), timestampMs);
  }

  private static void put(ByteBuffer out, byte @Nullable [] part) {
    if (part == null) {
      out.putInt(-1);
    } else {
      out.putInt(part.length);
      out.put(part);
    }
  }

  private static byte @Nullable [] get(ByteBuffer in) {
    int length = in.getInt();
    if (length < 0) {
      return null;
    }
    return bytes(in, length);
  }

  /**
   * The next bytes; a length that somebody else wrote costs no memory that is not there.
   *
   * @throws BufferUnderflowException if there are fewer
   */
  public static byte[] bytes(ByteBuffer in, int length) {
    if (length < 0 || length > in.remaining()) {
      throw new BufferUnderflowException();
    }
    byte[] part = new byte[length];
    in.get(part);
    return part;
  }

  private static String string(ByteBuffer in) {
    byte[] part = get(in);
    return part == null ? "" : new String(part, UTF_8);
  }
}
