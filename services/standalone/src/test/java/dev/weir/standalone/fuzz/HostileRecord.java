package dev.weir.standalone.fuzz;

import java.util.List;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;

/**
 * One record for a topic.
 *
 * @param topic the topic's full name
 * @param key its key, or {@code null}
 * @param value its value; {@code null} is a tombstone
 * @param timestamp the record's own time in milliseconds, or {@code null} for now
 * @param headers its headers
 * @param compression the producer's compression that carries it
 */
@SuppressWarnings("ArrayRecordComponent") // Nobody compares records.
record HostileRecord(
    String topic,
    byte @Nullable [] key,
    byte @Nullable [] value,
    @Nullable Long timestamp,
    List<Header> headers,
    String compression) {}
