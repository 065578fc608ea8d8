package dev.weir.curation;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.weir.curation.deadletter.Original;
import java.time.InstantSource;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.Configurable;
import org.apache.kafka.streams.processor.TimestampExtractor;

/**
 * A record's own timestamp, kept between 1970 and now; the time of reading where its producer set
 * none.
 *
 * <p>Kafka Streams' default stops the application at a negative timestamp, its alternatives drop
 * the record. A time ahead of now would be refused by the topics that curation writes to. Neither
 * is right for topics that anybody may produce to. A time that is changed travels on in the header
 * {@link Original#RECORDED}, so that a dead letter can tell it. Public for Kafka Streams, which
 * makes it by name.
 */
public final class RecordTime implements TimestampExtractor, Configurable {

  /** Name of the property with the {@link InstantSource} that says what now is. */
  static final String CLOCK = "weir.clock";

  private InstantSource clock = InstantSource.system();

  @Override
  public void configure(Map<String, ?> configs) {
    if (configs.get(CLOCK) instanceof InstantSource set) {
      clock = set;
    }
  }

  @Override
  public long extract(ConsumerRecord<Object, Object> record, long partitionTime) {
    record.headers().remove(Original.RECORDED);
    long recorded = record.timestamp();
    long now = clock.millis();
    if (recorded >= 0 && recorded <= now) {
      return recorded;
    }
    record.headers().add(Original.RECORDED, Long.toString(recorded).getBytes(UTF_8));
    return Math.max(0, now);
  }
}
