package dev.weir.trainer.data;

import dev.weir.contract.event.Example;
import dev.weir.contract.event.TrainingBatch;
import dev.weir.contract.release.Manifest;
import dev.weir.contract.topic.Topics;
import dev.weir.service.kafka.TopicTail;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * Follows the topic of examples and keeps them in memory as they stand.
 *
 * <p>Owned by the fitting thread, which closes it.
 */
public final class ExampleFeed implements AutoCloseable {

  private final TopicTail tail;
  private final SkippedRecords skipped;
  private final ExampleIndex index = new ExampleIndex();

  /** A feed from one cluster; reads nothing yet. */
  public ExampleFeed(
      Map<String, Object> kafka, Topics topics, Duration timeout, MeterRegistry meters) {
    tail = new TopicTail(kafka, topics.examples(), timeout, "examples", meters);
    tail.whenReplaced(index::clear);
    skipped = new SkippedRecords("examples", meters);
  }

  /**
   * All examples of a batch's adapter, the batch's own among them.
   *
   * <p>The batch is whole when as many of its examples were seen as it has, or when the topic was
   * read to where it ended after the batch had been closed: some may have been corrected or
   * forgotten since.
   */
  public Collection<Example> gather(TrainingBatch batch) {
    tail.catchUp(
        record -> skipped.read(record, () -> index.apply(record.key(), record.value())),
        () -> index.count(batch.id()) >= batch.size());
    return index.of(batch.adapter());
  }

  /** How far the topic has been read, by partition: what was gathered stands before that. */
  public List<Manifest.ReadUpTo> readUpTo() {
    return tail.positions().entrySet().stream()
        .map(e -> new Manifest.ReadUpTo(e.getKey().topic(), e.getKey().partition(), e.getValue()))
        .sorted(Comparator.comparingInt(Manifest.ReadUpTo::partition))
        .toList();
  }

  @Override
  public void close() {
    tail.close();
  }
}
