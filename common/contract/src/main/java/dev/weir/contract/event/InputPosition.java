package dev.weir.contract.event;

/**
 * Where a record stood: topic, partition and offset; enough to find its original bytes again.
 *
 * @param topic the topic's full name
 * @param partition the partition, from 0
 * @param offset the offset in that partition
 */
public record InputPosition(String topic, int partition, long offset) {

  /** {@code topic-partition@offset}, the form that messages use. */
  @Override
  public String toString() {
    return topic + "-" + partition + "@" + offset;
  }
}
