package dev.weir.benchmarks.serving;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.weir.contract.event.Classification;
import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.EventReader;
import dev.weir.contract.event.InputPosition;
import dev.weir.contract.event.Parsed;
import dev.weir.contract.event.Review;
import dev.weir.contract.text.TokenLimit;
import dev.weir.model.base.TextTokenizer;
import dev.weir.model.session.RunBuffers;
import dev.weir.model.session.SlotEncoder;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * The naive service: consumer loops that run the model on one record at a time, write the answer,
 * and commit after each poll (at least once, so without the cost of transactions).
 *
 * <p>Each loop is a thread with clients of its own and an equal share of the partitions. Session
 * and tokenizer are shared and stay their owner's.
 */
final class OneAtATime implements AutoCloseable {
  private static final Duration POLL = Duration.ofMillis(100);

  /** As the service has them: one per thread that runs. */
  private static final ThreadLocal<RunBuffers> BUFFERS = ThreadLocal.withInitial(RunBuffers::new);

  private final Map<String, Object> kafka;
  private final String reviews;
  private final String answers;
  private final SlotEncoder encoder;
  private final int slot;
  private final TextTokenizer tokenizer;
  private final TokenLimit limit;
  private final List<Thread> loops = new ArrayList<>();
  private final CountDownLatch closing = new CountDownLatch(1);

  /** Loops over the named topics; {@link #start} starts them. */
  OneAtATime(
      Map<String, Object> kafka,
      String reviews,
      String answers,
      SlotEncoder encoder,
      int slot,
      TextTokenizer tokenizer,
      TokenLimit limit) {
    this.kafka = kafka;
    this.reviews = reviews;
    this.answers = answers;
    this.encoder = encoder;
    this.slot = slot;
    this.tokenizer = tokenizer;
    this.limit = limit;
  }

  /** Starts {@code count} loops on a topic of as many partitions. */
  void start(int count) {
    for (int i = 0; i < count; i++) {
      int partition = i;
      Thread loop = new Thread(() -> run(partition), "one-at-a-time-" + i);
      loop.setDaemon(true);
      loops.add(loop);
      loop.start();
    }
  }

  private void run(int partition) {
    Map<String, Object> properties = new HashMap<>(kafka);
    properties.put("group.id", reviews + "-loop");
    properties.put("enable.auto.commit", false);
    properties.put("auto.offset.reset", "earliest");
    try (KafkaConsumer<byte[], byte[]> consumer =
            new KafkaConsumer<>(
                properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        KafkaProducer<byte[], byte[]> producer =
            new KafkaProducer<>(kafka, new ByteArraySerializer(), new ByteArraySerializer())) {
      consumer.assign(List.of(new TopicPartition(reviews, partition)));
      while (closing.getCount() > 0) {
        ConsumerRecords<byte[], byte[]> records = consumer.poll(POLL);
        for (ConsumerRecord<byte[], byte[]> record : records) {
          // An answer that is not written is missed by whoever counts them.
          Future<RecordMetadata> ignored = producer.send(answer(record));
        }
        if (!records.isEmpty()) {
          producer.flush();
          consumer.commitSync();
        }
      }
    }
  }

  private ProducerRecord<byte[], byte[]> answer(ConsumerRecord<byte[], byte[]> record) {
    if (!(EventReader.review(record.key(), record.value())
        instanceof Parsed.Accepted<Review> accepted)) {
      throw new IllegalStateException("no review at offset " + record.offset());
    }
    Review review = accepted.event();
    long began = System.nanoTime();
    int[][] tokens = {tokenizer.encode(review.text(), limit)};
    float[] logits = encoder.logits(tokens, new int[] {slot}, BUFFERS.get())[0];
    double negative = 1 / (1 + Math.exp(logits[1] - logits[0]));
    Classification classification =
        new Classification(
            review.id(),
            review.adapter(),
            1,
            null,
            "",
            negative > 0.5 ? "negative" : "positive",
            Map.of("negative", negative, "positive", 1 - negative),
            false,
            null,
            new InputPosition(record.topic(), record.partition(), record.offset()),
            (System.nanoTime() - began) / 1e6,
            Instant.now());
    return new ProducerRecord<>(
        answers, review.id().getBytes(UTF_8), EventJson.write(classification));
  }

  @Override
  public void close() {
    closing.countDown();
    try {
      for (Thread loop : loops) {
        loop.join();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
