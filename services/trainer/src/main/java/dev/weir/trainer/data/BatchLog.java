package dev.weir.trainer.data;

import dev.weir.contract.event.TrainingBatch;
import dev.weir.contract.topic.Topics;
import dev.weir.service.kafka.TopicTail;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Which batch of each adapter is the newest, as the topic of batches tells it after {@link
 * #refresh()}.
 *
 * <p>Owned by the fitting thread, which closes it.
 */
public final class BatchLog implements AutoCloseable {

  private final TopicTail tail;
  private final BatchRecords records;
  private final Map<String, TrainingBatch> newest = new HashMap<>();

  /** The log of one cluster; reads nothing yet. */
  public BatchLog(
      Map<String, Object> kafka, Topics topics, Duration timeout, MeterRegistry meters) {
    tail = new TopicTail(kafka, topics.trainingBatches(), timeout, "batch-log", meters);
    tail.whenReplaced(newest::clear);
    records = new BatchRecords(new SkippedRecords("training-batches", meters));
  }

  /** Reads what came since, to the topic's present end. */
  public void refresh() {
    tail.catchUp(this::apply);
  }

  private void apply(ConsumerRecord<byte[], byte[]> record) {
    records
        .read(record)
        .ifPresent(
            batch ->
                newest.merge(
                    batch.adapter(), batch, (a, b) -> a.sequence() >= b.sequence() ? a : b));
  }

  /** The newest batch of an adapter that has one. */
  public TrainingBatch newest(TrainingBatch known) {
    return newest.getOrDefault(known.adapter(), known);
  }

  @Override
  public void close() {
    tail.close();
  }
}
