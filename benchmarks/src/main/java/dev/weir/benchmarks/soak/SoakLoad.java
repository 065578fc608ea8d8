package dev.weir.benchmarks.soak;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.weir.benchmarks.serving.HttpEndpoint;
import dev.weir.benchmarks.serving.KafkaClient;
import dev.weir.benchmarks.serving.OpenLoop;
import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLongArray;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** The load of the soak on both paths, open loop; every answer is checked and timed. */
final class SoakLoad {
  private static final Duration POLL = Duration.ofMillis(100);
  private static final long PATIENCE_NANOS = Duration.ofSeconds(60).toNanos();

  private final List<String> texts;
  private final AnswerCheck check;

  /**
   * @param texts sent in turns; {@link AnswerCheck} knows them by their index
   */
  SoakLoad(List<String> texts, AnswerCheck check) {
    this.texts = texts;
    this.check = check;
  }

  /** Requests at their times; done when all are answered. */
  CompletableFuture<Void> http(HttpEndpoint endpoint, long[] arrivals, Phases phases) {
    return CompletableFuture.runAsync(
        () -> {
          CompletableFuture<?>[] answers = new CompletableFuture<?>[arrivals.length];
          send(
              arrivals,
              (i, intended) ->
                  answers[i] =
                      endpoint
                          .send(texts.get(i % texts.size()))
                          .handle(
                              (body, problem) -> {
                                phases.record(intended, System.nanoTime() - intended);
                                if (problem == null) {
                                  check.http(i % texts.size(), body);
                                } else {
                                  check.error("a request failed: " + problem);
                                }
                                return i;
                              }));
          CompletableFuture.allOf(answers).join();
        },
        SoakLoad::thread);
  }

  /** Reviews at their times; done when each has its one answer, or none came for a minute. */
  CompletableFuture<Void> kafka(KafkaClient client, long[] arrivals, Phases phases) {
    AtomicLongArray intendedAt = new AtomicLongArray(arrivals.length);
    CompletableFuture<Void> sender =
        CompletableFuture.runAsync(
            () ->
                send(
                    arrivals,
                    (i, intended) -> {
                      intendedAt.set(i, intended);
                      client.send(Integer.toString(i), texts.get(i % texts.size()), null);
                    }),
            SoakLoad::thread);
    CompletableFuture<Void> reader =
        CompletableFuture.runAsync(() -> read(client, intendedAt, phases), SoakLoad::thread);
    return CompletableFuture.allOf(sender, reader);
  }

  private void read(KafkaClient client, AtomicLongArray intendedAt, Phases phases) {
    BitSet answered = new BitSet(intendedAt.length());
    long last = System.nanoTime();
    while (answered.cardinality() < intendedAt.length()) {
      for (ConsumerRecord<byte[], byte[]> record : client.poll(POLL)) {
        last = System.nanoTime();
        int index = Integer.parseInt(new String(record.key(), UTF_8));
        if (answered.get(index)) {
          check.error("a second answer to review " + index);
        }
        answered.set(index);
        phases.record(intendedAt.get(index), last - intendedAt.get(index));
        check.kafka(index % texts.size(), record.value());
      }
      if (System.nanoTime() - last > PATIENCE_NANOS) {
        check.error((intendedAt.length() - answered.cardinality()) + " reviews have no answer");
        return;
      }
    }
  }

  private static void send(long[] arrivals, OpenLoop.Sender sender) {
    try {
      OpenLoop.run(arrivals, sender);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while sending", e);
    }
  }

  private static void thread(Runnable work) {
    Thread thread = new Thread(work, "soak-load");
    thread.setDaemon(true);
    thread.start();
  }
}
