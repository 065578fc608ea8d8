package dev.weir.inference.stream;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Map;
import org.apache.kafka.clients.producer.ProducerInterceptor;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;

/** Makes the answer to one review larger than any request may be. */
public final class OneTooLarge implements ProducerInterceptor<byte[], byte[]> {

  /** The number of the review. */
  static final int REVIEW = 21;

  @Override
  public ProducerRecord<byte[], byte[]> onSend(ProducerRecord<byte[], byte[]> record) {
    boolean concerned =
        record.topic().endsWith("classifications")
            && record.key() != null
            && new String(record.key(), UTF_8).equals("r" + REVIEW);
    return concerned
        ? new ProducerRecord<>(record.topic(), record.key(), new byte[20 << 20])
        : record;
  }

  @Override
  public void onAcknowledgement(RecordMetadata metadata, Exception exception) {}

  @Override
  public void close() {}

  @Override
  public void configure(Map<String, ?> configs) {}
}
