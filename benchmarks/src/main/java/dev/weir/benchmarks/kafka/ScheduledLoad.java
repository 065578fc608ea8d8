package dev.weir.benchmarks.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.Review;
import dev.weir.contract.topic.Topics;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.HdrHistogram.Histogram;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Produces reviews at fixed times, whether or not earlier ones are answered, and times each answer
 * from when its review was due. One thread produces, the caller's thread reads.
 */
final class ScheduledLoad {
  private static final Duration POLL = Duration.ofMillis(100);
  private static final Duration LATEST = Duration.ofSeconds(60);

  private final String bootstrapServers;
  private final Topics topics;
  private final long intervalNanos;
  private int runs;

  ScheduledLoad(String bootstrapServers, Topics topics, int perSecond) {
    this.bootstrapServers = bootstrapServers;
    this.topics = topics;
    this.intervalNanos = TimeUnit.SECONDS.toNanos(1) / perSecond;
  }

  /** Nanoseconds up to a minute, three digits. */
  static Histogram histogram() {
    return new Histogram(LATEST.toNanos(), 3);
  }

  /**
   * Runs for a while and waits for the last answer.
   *
   * @return nanoseconds from due to read, per review
   * @throws IllegalStateException if an answer does not come, or comes twice
   */
  Histogram run(Duration duration) throws InterruptedException {
    runs++;
    int count = Math.toIntExact(duration.toNanos() / intervalNanos);
    Histogram histogram = histogram();
    AtomicReference<RuntimeException> failure = new AtomicReference<>();
    try (KafkaConsumer<byte[], byte[]> consumer = consumer()) {
      List<TopicPartition> partitions =
          IntStream.range(0, consumer.partitionsFor(topics.classifications()).size())
              .mapToObj(each -> new TopicPartition(topics.classifications(), each))
              .toList();
      consumer.assign(partitions);
      consumer.seekToEnd(partitions);
      partitions.forEach(consumer::position); // Seeking is lazy: settle it before the first review.
      long start = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(200);
      Thread sender = new Thread(() -> send(start, count, failure), "sender");
      sender.start();
      receive(consumer, start, count, histogram);
      sender.join();
    }
    if (failure.get() != null) {
      throw failure.get();
    }
    return histogram;
  }

  private void send(long start, int count, AtomicReference<RuntimeException> failure) {
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", bootstrapServers, "linger.ms", 0),
            new ByteArraySerializer(),
            new ByteArraySerializer())) {
      for (int i = 0; i < count; i++) {
        String id = runs + ":" + i;
        byte[] value = EventJson.write(Review.of(id, "a good film"));
        awaitNanoTime(start + i * intervalNanos);
        // The callback tells of a failure.
        Future<RecordMetadata> ignored =
            producer.send(
                new ProducerRecord<>(topics.reviews(), id.getBytes(UTF_8), value),
                (metadata, failed) -> {
                  if (failed != null) {
                    failure.compareAndSet(null, new IllegalStateException("not produced", failed));
                  }
                });
      }
    } catch (RuntimeException e) {
      failure.compareAndSet(null, e);
    }
  }

  private void receive(
      KafkaConsumer<byte[], byte[]> consumer, long start, int count, Histogram histogram) {
    boolean[] answered = new boolean[count];
    long latest = start + count * intervalNanos + LATEST.toNanos();
    for (int left = count; left > 0; ) {
      for (ConsumerRecord<byte[], byte[]> each : consumer.poll(POLL)) {
        long now = System.nanoTime();
        String[] id = new String(each.key(), UTF_8).split(":");
        int number = Integer.parseInt(id[1]);
        if (Integer.parseInt(id[0]) != runs || answered[number]) {
          throw new IllegalStateException("review " + id[1] + " was answered twice");
        }
        answered[number] = true;
        left--;
        histogram.recordValue(Math.max(0, now - (start + number * intervalNanos)));
      }
      if (System.nanoTime() > latest) {
        throw new IllegalStateException(left + " of " + count + " reviews were not answered");
      }
    }
  }

  private KafkaConsumer<byte[], byte[]> consumer() {
    return new KafkaConsumer<>(
        Map.of("bootstrap.servers", bootstrapServers, "isolation.level", "read_committed"),
        new ByteArrayDeserializer(),
        new ByteArrayDeserializer());
  }

  private static void awaitNanoTime(long due) {
    for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
      LockSupport.parkNanos(left);
    }
  }
}
