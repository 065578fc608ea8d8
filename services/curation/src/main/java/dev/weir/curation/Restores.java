package dev.weir.curation;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.streams.processor.StateRestoreListener;

/** The stores that are being restored now. Thread-safe; told by Kafka Streams' threads. */
final class Restores implements StateRestoreListener {

  private final Set<TopicPartition> restoring = ConcurrentHashMap.newKeySet();

  /** How many partitions of stores are being restored. */
  int restoring() {
    return restoring.size();
  }

  /** Nothing is; a thread that dies while it restores does not say that it has ended. */
  void ended() {
    restoring.clear();
  }

  @Override
  public void onRestoreStart(
      TopicPartition partition, String store, long startingOffset, long endingOffset) {
    restoring.add(partition);
  }

  @Override
  public void onBatchRestored(
      TopicPartition partition, String store, long batchEndOffset, long restored) {}

  @Override
  public void onRestoreEnd(TopicPartition partition, String store, long totalRestored) {
    restoring.remove(partition);
  }

  @Override
  public void onRestoreSuspended(TopicPartition partition, String store, long totalRestored) {
    restoring.remove(partition);
  }
}
