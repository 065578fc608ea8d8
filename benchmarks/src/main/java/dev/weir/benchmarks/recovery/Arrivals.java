package dev.weir.benchmarks.recovery;

import dev.weir.contract.event.EventJson;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * When the answers and the examples for review ids could be read, read-committed, as any consumer
 * reads them. One thread reads; the answers may be asked for from any.
 */
final class Arrivals implements AutoCloseable {

  private static final Duration POLL = Duration.ofMillis(100);

  private final KafkaConsumer<byte[], byte[]> consumer;
  private final Map<String, Long> arrived = new ConcurrentHashMap<>();
  private final Thread thread = new Thread(this::read, "arrivals");
  private volatile boolean closed;

  /** Reads what is written to a topic from now on. */
  Arrivals(Map<String, Object> kafka, String topic) {
    Map<String, Object> properties = new HashMap<>(kafka);
    properties.put("isolation.level", "read_committed");
    properties.put("enable.auto.commit", "false");
    properties.put("fetch.max.wait.ms", "50");
    consumer =
        new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    List<TopicPartition> partitions =
        consumer.partitionsFor(topic).stream()
            .map(each -> new TopicPartition(topic, each.partition()))
            .toList();
    consumer.assign(partitions);
    consumer.seekToEnd(partitions);
    partitions.forEach(consumer::position);
    thread.setDaemon(true);
    thread.start();
  }

  private void read() {
    try (consumer) {
      while (!closed) {
        for (ConsumerRecord<byte[], byte[]> each : consumer.poll(POLL)) {
          if (each.value() != null) {
            arrived.putIfAbsent(id(each), System.nanoTime());
          }
        }
      }
    } catch (WakeupException e) {
      // Closed.
    }
  }

  private static String id(ConsumerRecord<byte[], byte[]> record) {
    try {
      return EventJson.mapper().readTree(record.value()).path("reviewId").asText();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** How many ids have arrived. */
  int count() {
    return arrived.size();
  }

  /**
   * Waits for ids, some or all.
   *
   * @param all whether all of them must have arrived, else the first is enough
   * @return when the last that was waited for arrived, of {@link System#nanoTime()}
   * @throws IllegalStateException if they do not arrive before the deadline
   */
  long await(Collection<String> ids, boolean all, long deadline) throws InterruptedException {
    while (true) {
      List<Long> times =
          ids.stream()
              .filter(arrived::containsKey)
              .map(id -> arrived.getOrDefault(id, 0L))
              .toList();
      if (times.size() == ids.size() || (!all && !times.isEmpty())) {
        return all
            ? times.stream().mapToLong(Long::longValue).max().orElseThrow()
            : times.stream().mapToLong(Long::longValue).min().orElseThrow();
      }
      if (System.nanoTime() > deadline) {
        throw new IllegalStateException(
            times.size() + " of " + ids.size() + " arrived in time, of " + ids);
      }
      TimeUnit.MILLISECONDS.sleep(5);
    }
  }

  @Override
  public void close() {
    closed = true;
    consumer.wakeup();
    try {
      thread.join(TimeUnit.SECONDS.toMillis(10));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
