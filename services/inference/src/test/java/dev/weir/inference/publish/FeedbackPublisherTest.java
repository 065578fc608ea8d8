package dev.weir.inference.publish;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.weir.contract.event.EventReader;
import dev.weir.contract.event.Feedback;
import dev.weir.contract.event.InputPosition;
import dev.weir.contract.event.Parsed;
import dev.weir.inference.http.HttpApi;
import dev.weir.inference.http.TestingParts;
import dev.weir.inference.http.web.HttpConfig;
import dev.weir.service.ops.Health.Status;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.opentelemetry.api.trace.Span;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.errors.ClusterAuthorizationException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class FeedbackPublisherTest {

  private static final Feedback FEEDBACK = feedback();

  private final AtomicLong nanos = new AtomicLong();
  private final List<MockProducer<byte[], byte[]>> opened = new ArrayList<>();
  private final FeedbackPublisher publisher =
      new FeedbackPublisher(this::open, "feedback", new SimpleMeterRegistry(), nanos::get);

  private static Feedback feedback() {
    byte[] json = "{\"text\":\"fine\",\"label\":\"positive\"}".getBytes(StandardCharsets.UTF_8);
    return ((Parsed.Accepted<Feedback>) EventReader.feedback(null, json)).event();
  }

  private MockProducer<byte[], byte[]> open() {
    MockProducer<byte[], byte[]> producer =
        new MockProducer<>(false, null, new ByteArraySerializer(), new ByteArraySerializer());
    opened.add(producer);
    return producer;
  }

  @Test
  void aProducerThatFailedForGoodIsReplacedAndSeenInHealth() throws Exception {
    publisher.start();
    CompletableFuture<InputPosition> lost = publisher.publish(FEEDBACK, Span.getInvalid());
    opened.get(0).errorNext(new ClusterAuthorizationException("not any more"));
    assertUnavailable(lost);
    assertThat(publisher.status()).isInstanceOf(Status.Down.class);

    pause();
    CompletableFuture<InputPosition> next = publisher.publish(FEEDBACK, Span.getInvalid());
    assertThat(opened).hasSize(2);
    assertThat(opened.get(0).closed()).isTrue();
    opened.get(1).completeNext();
    assertThat(next.get().topic()).isEqualTo("feedback");
    assertThat(publisher.status()).isInstanceOf(Status.Up.class);
  }

  @Test
  void whileTheBrokerIsAwayOnePieceTriesAndAllOthersFailAtOnce() throws Exception {
    publisher.start();
    CompletableFuture<InputPosition> lost = publisher.publish(FEEDBACK, Span.getInvalid());
    opened.get(0).errorNext(new TimeoutException("no answer"));
    assertUnavailable(lost);
    assertThatThrownBy(publisher::requireBroker)
        .isInstanceOfSatisfying(
            FeedbackNotSentException.class,
            each ->
                assertThat(each.kind())
                    .isEqualTo(FeedbackNotSentException.Kind.BROKER_UNAVAILABLE));

    pause();
    publisher.requireBroker();
    CompletableFuture<InputPosition> tries = publisher.publish(FEEDBACK, Span.getInvalid());
    assertThatThrownBy(() -> publisher.publish(FEEDBACK, Span.getInvalid()))
        .isInstanceOf(FeedbackNotSentException.class);
    assertThat(opened).as("a broker that is away is no producer's fault").hasSize(1);
    opened.get(0).completeNext();
    tries.get();
    CompletableFuture<InputPosition> after = publisher.publish(FEEDBACK, Span.getInvalid());
    opened.get(0).completeNext();
    assertThat(after.get().topic()).isEqualTo("feedback");
  }

  /** Two threads are for feedback: whatever waits there for Kafka, nothing else waits for them. */
  @Test
  void feedbackThatWaitsForKafkaHoldsUpNothingElse(@TempDir Path directory) throws Exception {
    CountDownLatch broker = new CountDownLatch(1);
    AtomicInteger sending = new AtomicInteger();
    MockProducer<byte[], byte[]> hangs =
        new MockProducer<>(true, null, new ByteArraySerializer(), new ByteArraySerializer()) {
          @Override
          public synchronized Future<RecordMetadata> send(
              ProducerRecord<byte[], byte[]> record, Callback callback) {
            sending.incrementAndGet();
            try {
              broker.await();
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
            return super.send(record, callback);
          }
        };
    try (TestingParts testing = new TestingParts(directory);
        FeedbackPublisher hanging =
            new FeedbackPublisher(
                () -> hangs, "feedback", testing.metrics.registry(), System::nanoTime);
        HttpApi http = new HttpApi(HttpConfig.open("127.0.0.1", 0), testing.with(hanging))) {
      hanging.start();
      http.start();
      HttpClient client = HttpClient.newHttpClient();
      String address = "http://127.0.0.1:" + http.port();
      HttpRequest feedback =
          HttpRequest.newBuilder(URI.create(address + "/v1/feedback"))
              .POST(BodyPublishers.ofString("{\"text\":\"fine\",\"label\":\"positive\"}"))
              .build();
      AtomicInteger refused = new AtomicInteger();
      List<CompletableFuture<HttpResponse<String>>> waiting = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        waiting.add(
            client
                .sendAsync(feedback, BodyHandlers.ofString())
                .whenComplete(
                    (response, lost) -> {
                      if (response != null && response.statusCode() == 429) {
                        refused.incrementAndGet();
                      }
                    }));
      }
      // One is sent, one waits for it, 64 wait for a thread, and the rest is refused while Kafka
      // says nothing.
      await().until(() -> sending.get() == 1 && refused.get() == 34);
      for (String path : List.of("/metrics", "/health/live", "/v1/adapters", "/v2")) {
        HttpRequest get = HttpRequest.newBuilder(URI.create(address + path)).build();
        assertThat(client.send(get, BodyHandlers.ofString()).statusCode()).isEqualTo(200);
      }
      HttpRequest classify =
          HttpRequest.newBuilder(URI.create(address + "/v1/classify"))
              .POST(BodyPublishers.ofString("{\"text\":\"fine\"}"))
              .build();
      assertThat(client.send(classify, BodyHandlers.ofString()).statusCode()).isEqualTo(200);
      assertThat(broker.getCount()).as("all this while feedback waited").isOne();
      broker.countDown();
      for (CompletableFuture<HttpResponse<String>> each : waiting) {
        assertThat(each.get().statusCode()).isIn(202, 429);
      }
    }
  }

  private void pause() {
    nanos.addAndGet(FeedbackPublisher.PAUSE_MS * 1_000_000L);
  }

  private static void assertUnavailable(CompletableFuture<InputPosition> lost) {
    assertThatThrownBy(lost::get)
        .isInstanceOf(ExecutionException.class)
        .cause()
        .isInstanceOfSatisfying(
            FeedbackNotSentException.class,
            each ->
                assertThat(each.kind())
                    .isEqualTo(FeedbackNotSentException.Kind.BROKER_UNAVAILABLE));
  }
}
