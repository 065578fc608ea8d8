package dev.weir.benchmarks.serving;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.weir.contract.event.Classification;
import dev.weir.contract.event.EventJson;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Reviews in, answers out over Kafka: all reviews are produced at once, and the last committed
 * answer ends the measurement. Each review has to have exactly one answer.
 */
final class KafkaPath implements Contender {
  private static final Duration POLL = Duration.ofMillis(100);
  private static final long PATIENCE_NANOS = Duration.ofMinutes(3).toNanos();

  private final KafkaClient client;
  private final Consumer<Classification> check;
  private final int partitions;
  private int runs;

  /**
   * A path through a client that stays its owner's, and that reads every answer of every run.
   *
   * @param partitions more than 0: reviews are dealt to so many partitions in turn, so that loops
   *     with one each have the same work; 0: by id, as any producer does
   * @param check refuses an answer that is not one of the service's
   */
  KafkaPath(KafkaClient client, int partitions, Consumer<Classification> check) {
    this.client = client;
    this.partitions = partitions;
    this.check = check;
  }

  @Override
  public double perSecond(List<StreamText> texts) throws InterruptedException {
    String run = "run" + ++runs + "-";
    List<byte[]> answers = new ArrayList<>(texts.size());
    BitSet answered = new BitSet(texts.size());
    long began = System.nanoTime();
    for (int i = 0; i < texts.size(); i++) {
      client.send(run + i, texts.get(i).text(), partitions > 0 ? i % partitions : null);
    }
    while (answers.size() < texts.size()) {
      for (ConsumerRecord<byte[], byte[]> record : client.poll(POLL)) {
        String id = new String(record.key(), UTF_8);
        if (!id.startsWith(run)) {
          throw new IllegalStateException("an answer to " + id + ", which was answered before");
        }
        int index = Integer.parseInt(id.substring(run.length()));
        if (answered.get(index)) {
          throw new IllegalStateException("a second answer to " + id);
        }
        answered.set(index);
        answers.add(record.value());
      }
      if (System.nanoTime() - began > PATIENCE_NANOS) {
        throw new IllegalStateException(
            answers.size() + " of " + texts.size() + " answers came within 3 minutes");
      }
    }
    double seconds = (System.nanoTime() - began) / 1e9;
    answers.forEach(answer -> check.accept(EventJson.read(answer, Classification.class)));
    return texts.size() / seconds;
  }
}
