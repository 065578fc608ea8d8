package dev.weir.trainer.loop;

import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.TrainingBatch;
import dev.weir.contract.event.TrainingEvent;
import dev.weir.contract.event.TrainingEvent.Phase;
import dev.weir.contract.release.Method;
import dev.weir.contract.topic.Topics;
import dev.weir.service.kafka.KafkaClients;
import dev.weir.trainer.fit.FitProgress;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells consoles and dashboards how a training goes: best effort, progress about once a second.
 *
 * <p>A lost event harms nobody and stops nothing. Used by the fitting thread, which closes it.
 */
final class TrainingEvents implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(TrainingEvents.class);
  private static final Duration INTERVAL = Duration.ofSeconds(1);

  private final String topic;
  private final Clock clock;
  private final Producer<byte[], byte[]> producer;
  private Instant lastProgress = Instant.EPOCH;

  TrainingEvents(Map<String, Object> kafka, Topics topics, Clock clock) {
    this.topic = topics.trainingEvents();
    this.clock = clock;
    Map<String, Object> properties = new HashMap<>(kafka);
    properties.put(ProducerConfig.ACKS_CONFIG, "1");
    properties.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, false);
    properties.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, 500);
    properties.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, 2000);
    properties.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, 3000);
    producer = KafkaClients.producer(properties);
  }

  void tell(TrainingBatch batch, Phase phase, @Nullable Method method, String message) {
    send(batch, phase, method, null, message);
  }

  void progress(TrainingBatch batch, Method method, FitProgress progress) {
    Instant now = clock.instant();
    if (progress.step() < progress.steps() && now.isBefore(lastProgress.plus(INTERVAL))) {
      return;
    }
    lastProgress = now;
    String message =
        String.format(
            Locale.ROOT,
            "step %d of %d, loss %.4f, %.1f examples/s, %.0f s left",
            progress.step(),
            progress.steps(),
            progress.loss(),
            progress.examplesPerSecond(),
            progress.secondsLeft());
    send(batch, Phase.PROGRESS, method, progress, message);
  }

  private void send(
      TrainingBatch batch,
      Phase phase,
      @Nullable Method method,
      @Nullable FitProgress progress,
      String message) {
    TrainingEvent event =
        new TrainingEvent(
            batch.adapter(),
            batch.id(),
            phase,
            method == null ? null : method.name().toLowerCase(Locale.ROOT),
            progress == null ? null : progress.step(),
            progress == null ? null : progress.steps(),
            progress == null ? null : progress.loss(),
            progress == null ? null : progress.examplesPerSecond(),
            progress == null ? null : progress.secondsLeft(),
            message,
            clock.instant());
    byte[] key = batch.adapter().getBytes(StandardCharsets.UTF_8);
    try {
      var unused =
          producer.send(
              new ProducerRecord<>(topic, key, EventJson.write(event)),
              (sent, failure) -> {
                if (failure != null) {
                  LOG.debug("a training event was lost", failure);
                }
              });
    } catch (KafkaException e) {
      LOG.debug("a training event was lost", e);
    }
  }

  @Override
  public void close() {
    producer.close(Duration.ofMillis(500));
  }
}
