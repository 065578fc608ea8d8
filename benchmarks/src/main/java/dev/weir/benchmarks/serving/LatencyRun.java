package dev.weir.benchmarks.serving;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicLongArray;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Latency at a given load, over HTTP and over Kafka, and of single texts without any load. */
final class LatencyRun {
  private static final Duration POLL = Duration.ofMillis(100);
  private static final long PATIENCE_NANOS = Duration.ofMinutes(2).toNanos();

  private LatencyRun() {}

  /** One text after the other: the time of a single text, transport included. */
  static Latencies single(HttpEndpoint endpoint, List<StreamText> texts) {
    Latencies latencies = new Latencies();
    for (StreamText text : texts) {
      long began = System.nanoTime();
      endpoint.send(text.text()).join();
      latencies.record(text.sentence(), System.nanoTime() - began);
    }
    return latencies;
  }

  /** Requests at their times, each answered whenever it is. */
  static Latencies http(HttpEndpoint endpoint, List<StreamText> texts, long[] arrivals)
      throws InterruptedException {
    Latencies latencies = new Latencies();
    CompletableFuture<?>[] answers = new CompletableFuture<?>[arrivals.length];
    OpenLoop.run(
        arrivals,
        (i, intended) ->
            answers[i] =
                endpoint
                    .send(texts.get(i).text())
                    .thenAccept(
                        answer ->
                            latencies.record(
                                texts.get(i).sentence(), System.nanoTime() - intended)));
    try {
      CompletableFuture.allOf(answers).join();
    } catch (CompletionException e) {
      throw new IllegalStateException("a request failed under load", e.getCause());
    }
    return latencies;
  }

  /** Reviews at their times, each answered when its committed answer is read. */
  static Latencies kafka(KafkaClient client, String run, List<StreamText> texts, long[] arrivals)
      throws InterruptedException {
    Latencies latencies = new Latencies();
    AtomicLongArray intendedAt = new AtomicLongArray(arrivals.length);
    CompletableFuture<Void> reader =
        CompletableFuture.runAsync(() -> read(client, run, texts, intendedAt, latencies));
    OpenLoop.run(
        arrivals,
        (i, intended) -> {
          intendedAt.set(i, intended);
          client.send(run + i, texts.get(i).text(), null);
        });
    try {
      reader.join();
    } catch (CompletionException e) {
      throw new IllegalStateException("answers were not read", e.getCause());
    }
    return latencies;
  }

  private static void read(
      KafkaClient client,
      String run,
      List<StreamText> texts,
      AtomicLongArray intendedAt,
      Latencies latencies) {
    long last = System.nanoTime();
    while (latencies.count() < intendedAt.length()) {
      for (ConsumerRecord<byte[], byte[]> record : client.poll(POLL)) {
        last = System.nanoTime();
        String id = new String(record.key(), UTF_8);
        if (!id.startsWith(run)) {
          throw new IllegalStateException("an answer to " + id + ", which is of another run");
        }
        int index = Integer.parseInt(id.substring(run.length()));
        latencies.record(texts.get(index).sentence(), last - intendedAt.get(index));
      }
      if (System.nanoTime() - last > PATIENCE_NANOS) {
        throw new IllegalStateException("no answer came for 2 minutes");
      }
    }
  }
}
