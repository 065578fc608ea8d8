package dev.weir.curation.batch;

/** The numbers that batches have already, whoever gave them. */
@FunctionalInterface
public interface BatchNumbers {

  /**
   * The highest number of a batch of this adapter on the topic; 0 when there is none.
   *
   * @throws org.apache.kafka.common.KafkaException if the topic cannot be read
   */
  long highest(String adapter);
}
