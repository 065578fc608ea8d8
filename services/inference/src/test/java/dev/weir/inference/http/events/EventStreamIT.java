package dev.weir.inference.http.events;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.inference.feed.TopicFeed;
import dev.weir.testing.TestBroker;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpServer;
import io.vertx.ext.web.Router;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 3, unit = TimeUnit.MINUTES)
class EventStreamIT {

  private static final Duration SOON = Duration.ofSeconds(60);
  private static final Duration RARELY = Duration.ofHours(1);

  private final String topic = TestBroker.uniquePrefix() + "events";
  private final String otherTopic = topic + "-other";
  private final List<AutoCloseable> open = new ArrayList<>();
  private TopicFeed feed;
  private TopicFeed other;
  private KafkaProducer<byte[], byte[]> producer;
  private Vertx vertx;
  private EventStreams streams;
  private HttpServer server;

  @BeforeEach
  void start() {
    TestBroker.createTopics(2, topic, otherTopic);
    Map<String, Object> kafka = Map.of("bootstrap.servers", TestBroker.bootstrapServers());
    producer = new KafkaProducer<>(kafka, new ByteArraySerializer(), new ByteArraySerializer());
    feed = new TopicFeed(kafka, topic);
    other = new TopicFeed(kafka, otherTopic);
    vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1)); // as the service has it
  }

  @AfterEach
  void stop() throws Exception {
    for (AutoCloseable each : open) {
      each.close();
    }
    feed.close();
    other.close();
    producer.close();
    vertx.close().toCompletionStage().toCompletableFuture().get();
    assertThat(feed.running()).isFalse();
    assertThat(other.running()).isFalse();
  }

  private void serve(Duration heartbeat) throws Exception {
    streams =
        new EventStreams(
            vertx,
            vertx.getOrCreateContext(),
            heartbeat,
            new io.micrometer.core.instrument.simple.SimpleMeterRegistry());
    Router router = Router.router(vertx);
    EventSource things = new EventSource("things", feed, EventFrame.always("thing"));
    EventSource others = new EventSource("others", other, EventFrame.always("other"));
    router.get("/").handler(streams.of(things));
    router.get("/several").handler(streams.anyOf(Map.of("things", things, "others", others)));
    server =
        vertx
            .createHttpServer()
            .requestHandler(router)
            .listen(0, "127.0.0.1")
            .toCompletionStage()
            .toCompletableFuture()
            .get();
  }

  @Test
  void aClientGetsWhatIsWrittenFromThenOnAndGoesOnWhereItWas() throws Exception {
    serve(RARELY);
    send("before");
    Client client = new Client(null);
    assertThat(client.head).contains("HTTP/1.1 200").contains("text/event-stream");
    client.awaitListening();
    send("one");
    Event one = client.event();
    assertThat(one.data()).isEqualTo("one");
    assertThat(one.name()).isEqualTo("thing");
    client.close();
    await().atMost(SOON).until(() -> !feed.running());

    send("two");
    send("three");
    Client back = new Client(one.id());
    assertThat(List.of(back.event().data(), back.event().data()))
        .containsExactlyInAnyOrder("two", "three");
    send("four");
    assertThat(back.event().data()).isEqualTo("four");
  }

  @Test
  void listenersShareOneConsumerAndHaveAPlaceEach() throws Exception {
    serve(RARELY);
    Client first = new Client(null);
    first.awaitListening();
    send("one");
    Event one = first.event();
    send("two");
    assertThat(first.event().data()).isEqualTo("two");
    Client second = new Client(one.id());
    assertThat(second.event().data()).isEqualTo("two");
    send("three");
    assertThat(first.event().data()).as("nothing comes twice").isEqualTo("three");
    assertThat(second.event().data()).isEqualTo("three");
    second.close();
    send("four");
    assertThat(first.event().data()).isEqualTo("four");
  }

  @Test
  void oneThatWasAwayTooLongIsToldWhatItMissed() throws Exception {
    serve(RARELY);
    Client client = new Client(null);
    client.awaitListening();
    send("first");
    String id = client.event().id();
    client.close();
    for (int i = 0; i < TopicFeed.REPLAY + 100; i++) {
      producer.send(new ProducerRecord<>(topic, 0, bytes("k"), bytes("event " + i))).get();
    }
    Event skipped = new Client(id).event();
    assertThat(skipped.name()).isEqualTo("skipped");
    assertThat(skipped.data()).contains("atMost", "\"feed\":\"things\"");
  }

  @Test
  void oneStreamMayCarrySeveralFeedsAndGoesOnInEach() throws Exception {
    serve(RARELY);
    String path = "/several?feeds=things,others";
    Client client = new Client(path, null);
    client.awaitListening();
    send("one");
    assertThat(client.event().name()).isEqualTo("thing");
    producer.send(new ProducerRecord<>(otherTopic, bytes("k"), bytes("two"))).get();
    Event two = client.event();
    assertThat(two.name()).isEqualTo("other");
    assertThat(two.id()).contains("things=", "others=");
    client.close();
    await().atMost(SOON).until(() -> !feed.running() && !other.running());

    send("three");
    producer.send(new ProducerRecord<>(otherTopic, bytes("k"), bytes("four"))).get();
    Client back = new Client(path, two.id());
    assertThat(List.of(back.event().data(), back.event().data()))
        .containsExactlyInAnyOrder("three", "four");
  }

  @Test
  void anotherClientMayBeginWithWhatWasWrittenLast() throws Exception {
    serve(RARELY);
    for (int i = 0; i < 20; i++) {
      producer.send(new ProducerRecord<>(topic, 0, bytes("k"), bytes("old " + i))).get();
    }
    Client client = new Client("/?last=6", null);
    assertThat(List.of(client.event().data(), client.event().data(), client.event().data()))
        .containsExactly("old 17", "old 18", "old 19");
    send("new");
    assertThat(client.event().data()).isEqualTo("new");
  }

  @Test
  void aStreamShowsThatItIsAlive() throws Exception {
    serve(Duration.ofMillis(50));
    Client client = new Client(null);
    client.awaitLine(": keep-alive");
    client.awaitLine(": keep-alive");
  }

  @Test
  void aSlowClientIsToldWhatItMissedAndHoldsUpNobody() throws Exception {
    serve(RARELY);
    Client slow = new Client(null);
    slow.awaitListening();
    Client fast = new Client(null);
    fast.awaitListening();
    String big = "x".repeat(16 << 10);
    // 48 MB: more than its buffer of 1,024 events and those of the sockets hold.
    for (int i = 0; i < 3000; i++) {
      var sent = producer.send(new ProducerRecord<>(topic, bytes("k"), bytes(big)));
      assertThat(sent).isNotNull();
    }
    producer.flush();
    // What follows comes through again and again: the first may meet a buffer that is still full.
    ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
    open.add(clock::shutdownNow);
    var ignored =
        clock.scheduleWithFixedDelay(
            () -> {
              var sent = producer.send(new ProducerRecord<>(topic, bytes("k"), bytes("the end")));
              assertThat(sent).isNotNull();
            },
            0,
            100,
            TimeUnit.MILLISECONDS);
    fast.readUntil(event -> event.data().equals("the end"));
    List<Event> read = slow.readUntil(event -> event.name().equals("skipped"));
    assertThat(read).hasSizeLessThan(3000);
  }

  @Test
  void aClientThatTakesNothingIsCutOff() throws Exception {
    serve(Duration.ofMillis(200));
    Client stuck = new Client(null);
    stuck.awaitListening();
    String big = "x".repeat(16 << 10);
    await()
        .atMost(SOON)
        .until(
            () -> {
              for (int i = 0; i < 500 && feed.running(); i++) {
                var ignored = producer.send(new ProducerRecord<>(topic, bytes("k"), bytes(big)));
              }
              producer.flush();
              return !feed.running();
            });
  }

  @Test
  void closingEndsEachStreamAtOnce() throws Exception {
    serve(RARELY);
    Client client = new Client(null);
    client.awaitListening();
    streams.close().toCompletionStage().toCompletableFuture().get();
    server
        .shutdown(60, TimeUnit.SECONDS)
        .toCompletionStage()
        .toCompletableFuture()
        .get(50, TimeUnit.SECONDS);
    client.awaitEnd();
    await().atMost(SOON).until(() -> !feed.running());
  }

  private void send(String value) throws Exception {
    producer.send(new ProducerRecord<>(topic, bytes("key-" + value), bytes(value))).get();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(UTF_8);
  }

  private record Event(String id, String name, String data) {}

  /** Reads the stream as it is on the wire, and only when it is asked to. */
  private final class Client implements AutoCloseable {

    private final Socket socket;
    private final BufferedReader reader;
    private final String head;

    Client(String lastEventId) throws IOException {
      this("/", lastEventId);
    }

    Client(String path, String lastEventId) throws IOException {
      socket = new Socket(InetAddress.getLoopbackAddress(), server.actualPort());
      open.add(0, this);
      String request =
          "GET "
              + path
              + " HTTP/1.1\r\nHost: localhost\r\n"
              + (lastEventId == null ? "" : "Last-Event-ID: " + lastEventId + "\r\n")
              + "\r\n";
      socket.getOutputStream().write(bytes(request));
      reader = new BufferedReader(new InputStreamReader(socket.getInputStream(), UTF_8));
      StringBuilder lines = new StringBuilder();
      for (String line = reader.readLine(); !line.isEmpty(); line = reader.readLine()) {
        lines.append(line).append('\n');
      }
      head = lines.toString();
    }

    void awaitListening() throws IOException {
      awaitLine(": listening");
    }

    void awaitLine(String wanted) throws IOException {
      String line = reader.readLine();
      while (!wanted.equals(line)) {
        assertThat(line).as("the stream goes on").isNotNull();
        line = reader.readLine();
      }
    }

    void awaitEnd() throws IOException {
      while (reader.readLine() != null) {
        assertThat(socket.isClosed()).isFalse();
      }
    }

    /** The next event; chunk sizes and comments are passed over. */
    Event event() throws IOException {
      String id = "";
      String name = "";
      String data = null;
      while (data == null) {
        String line = reader.readLine();
        assertThat(line).as("the stream goes on").isNotNull();
        if (line.startsWith("id: ")) {
          id = line.substring(4);
        } else if (line.startsWith("event: ")) {
          name = line.substring(7);
        } else if (line.startsWith("data: ")) {
          data = line.substring(6);
        }
      }
      return new Event(id, name, data);
    }

    /** Reads events up to the first that is wanted. */
    List<Event> readUntil(Predicate<Event> wanted) throws IOException {
      List<Event> read = new ArrayList<>();
      do {
        read.add(event());
      } while (!wanted.test(read.get(read.size() - 1)));
      return read;
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }
}
