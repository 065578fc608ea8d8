package dev.weir.curation.batch;

import dev.weir.contract.event.Parsed;
import dev.weir.contract.event.Parsed.Accepted;
import dev.weir.contract.event.Parsed.Rejected;
import dev.weir.contract.event.TrainingBatch;
import dev.weir.service.kafka.KafkaClients;
import dev.weir.service.kafka.SkippedRecords;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the topic of batches once, when an adapter without an open batch comes for the first time:
 * an adapter that is new, or whose state was lost or reset. Its batches are numbered on from there,
 * since the trainer passes over a number that it has decided about.
 *
 * <p>Thread-safe; shared by the tasks of a process. The read blocks its caller; a batch is about a
 * kilobyte.
 */
public final class PublishedBatches implements BatchNumbers {

  private static final Logger LOG = LoggerFactory.getLogger(PublishedBatches.class);
  private static final Duration TIMEOUT = Duration.ofSeconds(30);

  private final Map<String, Object> kafka;
  private final String topic;
  private final SkippedRecords skipped;
  private @Nullable Map<String, Long> highest; // guarded by this

  /** Numbers on {@code topic}; reads nothing yet. */
  public PublishedBatches(Map<String, Object> kafka, String topic, SkippedRecords skipped) {
    this.kafka = Map.copyOf(kafka);
    this.topic = topic;
    this.skipped = skipped;
  }

  @Override
  public synchronized long highest(String adapter) {
    if (highest == null) {
      highest = read();
    }
    return highest.getOrDefault(adapter, 0L);
  }

  private Map<String, Long> read() {
    Map<String, Long> numbers = new HashMap<>();
    try (KafkaConsumer<byte[], byte[]> consumer =
        KafkaClients.consumer(KafkaClients.readingAlone(kafka))) {
      List<TopicPartition> partitions =
          consumer.partitionsFor(topic, TIMEOUT).stream()
              .map(p -> new TopicPartition(p.topic(), p.partition()))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions, TIMEOUT);
      long deadline = System.nanoTime() + TIMEOUT.toNanos();
      while (ends.entrySet().stream()
          .anyMatch(end -> consumer.position(end.getKey(), TIMEOUT) < end.getValue())) {
        if (System.nanoTime() - deadline > 0) {
          throw new TimeoutException(
              topic + " was not read to its end within " + TIMEOUT.toSeconds() + " s");
        }
        consumer.poll(Duration.ofMillis(200)).forEach(record -> note(numbers, record));
      }
    }
    LOG.info("batches of {} adapters are on {}", numbers.size(), topic);
    return numbers;
  }

  private void note(Map<String, Long> numbers, ConsumerRecord<byte[], byte[]> record) {
    Parsed<TrainingBatch> read = TrainingBatch.read(record.key(), record.value());
    if (read instanceof Accepted<TrainingBatch> good) {
      numbers.merge(good.event().adapter(), good.event().sequence(), Math::max);
    } else if (read instanceof Rejected<TrainingBatch> bad) {
      skipped.skip(record, bad);
    }
  }
}
