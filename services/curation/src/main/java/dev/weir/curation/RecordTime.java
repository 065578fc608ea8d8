package dev.weir.curation;

import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.streams.processor.TimestampExtractor;

/**
 * A record's own timestamp, or the time of reading where its producer set none.
 *
 * <p>Kafka Streams' default stops the application at a negative timestamp, its alternatives drop
 * the record: neither is right for topics that anybody may produce to. Public for Kafka Streams,
 * which makes it by name.
 */
public final class RecordTime implements TimestampExtractor {

  @Override
  public long extract(ConsumerRecord<Object, Object> record, long partitionTime) {
    return record.timestamp() >= 0 ? record.timestamp() : System.currentTimeMillis();
  }
}
