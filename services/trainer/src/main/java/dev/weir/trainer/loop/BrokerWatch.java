package dev.weir.trainer.loop;

import dev.weir.service.kafka.TopicLook;
import dev.weir.service.ops.Health.Status;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks the broker for the topic of batches every few seconds: whether it answers is health's, and
 * whether the topic is still the same one is the loop's to know. A consumer with nothing to read
 * does not notice either.
 *
 * <p>Runs on thread {@code trainer-broker-watch}. Thread-safe.
 */
final class BrokerWatch implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(BrokerWatch.class);
  private static final Duration EVERY = Duration.ofSeconds(3);
  private static final Duration ANSWER = Duration.ofSeconds(5);

  /** A broker that is restarted answers again within this time, and nobody need be told. */
  private static final Duration SILENCE = Duration.ofSeconds(15);

  private final String topic;
  private final Map<String, Object> kafka;
  private @Nullable Admin admin; // guarded by this
  private final ScheduledExecutorService watching =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "trainer-broker-watch");
            thread.setDaemon(true);
            return thread;
          });
  private final Duration silence;
  private volatile long answeredAt = System.nanoTime();
  private volatile @Nullable String topicId;
  private volatile String problem = "not asked yet";

  BrokerWatch(Map<String, Object> kafka, String topic) {
    this(kafka, topic, SILENCE);
  }

  BrokerWatch(Map<String, Object> kafka, String topic, Duration silence) {
    this.topic = topic;
    this.silence = silence;
    this.kafka = new HashMap<>(kafka);
  }

  /** Begins to ask. */
  void start() {
    var unused =
        watching.scheduleWithFixedDelay(
            this::lookQuietly, 0, EVERY.toMillis(), TimeUnit.MILLISECONDS);
  }

  /**
   * The topic's id, asked now.
   *
   * @throws KafkaException if the broker does not answer, or there is no such topic
   */
  String look() {
    String id = TopicLook.at(admin(), topic, ANSWER).topicId().toString();
    topicId = id;
    answeredAt = System.nanoTime();
    problem = "";
    return id;
  }

  private synchronized Admin admin() {
    Admin open = admin;
    if (open == null) {
      open = Admin.create(kafka);
      admin = open;
    }
    return open;
  }

  private void lookQuietly() {
    try {
      look();
    } catch (RuntimeException e) {
      if (problem.isEmpty()) {
        LOG.warn("the broker does not answer the trainer: {}", e.getMessage());
      }
      problem = String.valueOf(e.getMessage());
    }
  }

  /** The topic's id when the broker last answered. */
  Optional<String> topicId() {
    return Optional.ofNullable(topicId);
  }

  Status status() {
    Duration silent = Duration.ofNanos(System.nanoTime() - answeredAt);
    return silent.compareTo(silence) <= 0
        ? new Status.Up("the broker answers")
        : new Status.Down(
            "no answer from the broker for %d s: %s".formatted(silent.toSeconds(), problem));
  }

  @Override
  public void close() {
    watching.shutdownNow();
    synchronized (this) {
      if (admin != null) {
        admin.close(Duration.ofSeconds(1));
      }
    }
  }
}
