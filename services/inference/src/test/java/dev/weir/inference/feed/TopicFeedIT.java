package dev.weir.inference.feed;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.testing.TestBroker;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Feeds of a real topic: newcomers, partitions that are added, topics that are made anew. */
@Timeout(120)
class TopicFeedIT {

  private static final Duration SOON = Duration.ofSeconds(60);

  private final String topic = TestBroker.uniquePrefix() + "feed";
  private final Map<String, Object> servers =
      Map.of("bootstrap.servers", TestBroker.bootstrapServers());
  private KafkaProducer<byte[], byte[]> producer;
  private TopicFeed feed;

  /** Keeps what it is told; may be held in the midst of a record. */
  private static final class Ear implements FeedListener {

    final List<String> heard = new CopyOnWriteArrayList<>();
    final CountDownLatch opened = new CountDownLatch(1);
    final CountDownLatch inRecord = new CountDownLatch(1);
    volatile CountDownLatch held = new CountDownLatch(0);

    @Override
    public void opened(String resume) {
      opened.countDown();
    }

    @Override
    public void skipped(long offsets) {}

    @Override
    public void record(String resume, ConsumerRecord<byte[], byte[]> record) {
      inRecord.countDown();
      try {
        held.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      heard.add(new String(record.value(), UTF_8));
    }
  }

  @BeforeEach
  void open() {
    TestBroker.createTopics(1, topic);
    producer = new KafkaProducer<>(servers, new ByteArraySerializer(), new ByteArraySerializer());
    feed = new TopicFeed(servers, topic, Duration.ofMillis(200));
  }

  @AfterEach
  void close() {
    feed.close();
    producer.close();
  }

  @Test
  void nobodyWhoListensWaitsForANewcomersReplay() throws Exception {
    for (int i = 0; i < 20; i++) {
      send(0, "old-" + i);
    }
    Ear present = listening(0);
    Ear newcomer = new Ear();
    newcomer.held = new CountDownLatch(1);
    feed.listen(null, 20, newcomer);
    newcomer.inRecord.await();

    send(0, "new-1");
    await().atMost(SOON).until(() -> present.heard.contains("new-1"));
    assertThat(newcomer.heard).isEmpty();
    newcomer.held.countDown();

    await().atMost(SOON).until(() -> newcomer.heard.contains("new-1"));
    send(0, "new-2");
    await().atMost(SOON).until(() -> newcomer.heard.contains("new-2"));
    await().atMost(SOON).until(() -> present.heard.contains("new-2"));
    assertThat(present.heard).containsExactly("new-1", "new-2");
    assertThat(newcomer.heard).startsWith("old-0", "old-1").doesNotHaveDuplicates().hasSize(22);
  }

  @Test
  void partitionsThatAreAddedAreFollowedFromTheirBeginning() throws Exception {
    Ear present = listening(0);
    try (Admin admin = TestBroker.admin()) {
      admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(3))).all().get();
    }
    for (int partition = 0; partition < 3; partition++) {
      send(partition, "in-" + partition);
    }
    await().atMost(SOON).until(() -> present.heard.size() == 3);
    assertThat(present.heard).containsExactlyInAnyOrder("in-0", "in-1", "in-2");
  }

  @Test
  void topicThatIsMadeAnewIsFollowed() throws Exception {
    Ear present = listening(0);
    for (int i = 0; i < 10; i++) {
      send(0, "old-" + i);
    }
    await().atMost(SOON).until(() -> present.heard.size() == 10);
    try (Admin admin = TestBroker.admin()) {
      admin.deleteTopics(List.of(topic)).all().get();
      await().atMost(SOON).until(() -> !admin.listTopics().names().get().contains(topic));
    }
    TestBroker.createTopics(1, topic);

    // Which of them is the first that comes depends on when the consumer notices.
    await()
        .atMost(SOON)
        .until(
            () -> {
              send(0, "anew");
              return present.heard.contains("anew");
            });
  }

  private Ear listening(int before) throws Exception {
    Ear ear = new Ear();
    feed.listen(null, before, ear);
    ear.opened.await();
    return ear;
  }

  private void send(int partition, String value) throws Exception {
    producer.send(new ProducerRecord<>(topic, partition, null, value.getBytes(UTF_8))).get();
  }
}
