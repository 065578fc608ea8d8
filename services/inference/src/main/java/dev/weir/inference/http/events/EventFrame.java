package dev.weir.inference.http.events;

import dev.weir.contract.event.EventJson;
import dev.weir.contract.release.AdapterRecord;
import dev.weir.contract.release.AdapterRecord.Crowned;
import dev.weir.contract.release.AdapterRecord.Released;
import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * Frames of server-sent events, as the HTML standard defines them (section 9.2, {@code
 * text/event-stream}). Stateless.
 */
public final class EventFrame {

  private EventFrame() {}

  /** Tells what kind of event a record is. */
  @FunctionalInterface
  public interface Naming {

    /** The event's name, or null for a record that is nobody's business. */
    @Nullable String name(ConsumerRecord<byte[], byte[]> record);
  }

  /** All records of a topic are of one kind; one without a value is none. */
  public static Naming always(String name) {
    return record -> record.value() == null ? null : name;
  }

  /**
   * Releases and champions by name; a tombstone is {@code removed}; another record of the topic's,
   * such as a plan, is {@code adapter}.
   */
  public static @Nullable String ofAdapters(ConsumerRecord<byte[], byte[]> record) {
    if (record.key() == null) {
      return null;
    }
    if (record.value() == null) {
      return "removed";
    }
    Optional<AdapterRecord> read = AdapterRecord.read(record.key(), record.value());
    if (read.isEmpty()) {
      return null;
    }
    if (read.get() instanceof Released) {
      return "release";
    }
    return read.get() instanceof Crowned ? "champion" : "adapter";
  }

  /** What is the same for every listener: one record's own JSON, or the key of a tombstone. */
  static Buffer data(String name, ConsumerRecord<byte[], byte[]> record) {
    byte[] value = record.value();
    String data =
        value == null
            ? new String(
                EventJson.write(Map.of("key", new String(record.key(), StandardCharsets.UTF_8))),
                StandardCharsets.UTF_8)
            : new String(value, StandardCharsets.UTF_8);
    StringBuilder frame = new StringBuilder(data.length() + 64);
    frame.append("event: ").append(name).append('\n');
    data.lines().forEach(line -> frame.append("data: ").append(line).append('\n'));
    return Buffer.buffer(frame.append('\n').toString());
  }

  /** The line before it, which is each listener's own. */
  static Buffer id(String id) {
    return Buffer.buffer("id: " + id + "\n");
  }

  /** Says that records of a feed are missing before its next event. */
  static Buffer skipped(String feed, long records) {
    return Buffer.buffer(
        "event: skipped\ndata: {\"feed\":\"" + feed + "\",\"atMost\":" + records + "}\n\n");
  }

  /** Says that everything behind {@code id} will come; no event, but its id counts. */
  static Buffer listening(String id) {
    return Buffer.buffer("id: " + id + "\n: listening\n\n");
  }

  static Buffer comment(String text) {
    return Buffer.buffer(": " + text + "\n\n");
  }
}
