package dev.weir.standalone.demo;

import dev.weir.contract.event.Classification;
import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.TrainingBatch;
import dev.weir.contract.event.TrainingEvent;
import dev.weir.contract.release.AdapterRecord;
import dev.weir.contract.topic.DeadLetter;
import dev.weir.contract.topic.Topics;
import dev.weir.standalone.loop.TopicReader;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows the loop's topics from the moment it is opened and keeps {@link LoopState} and {@link
 * Story} informed; its own thread is {@code demo-observer}.
 */
final class LoopObserver implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(LoopObserver.class);

  private final Topics topics;
  private final TopicReader reader;
  private final LoopState state;
  private final Story story;
  private final String run;
  private final Thread thread = new Thread(this::follow, "demo-observer");
  private volatile boolean closed;

  LoopObserver(Map<String, Object> kafka, Topics topics, LoopState state, Story story, String run) {
    this.topics = topics;
    this.state = state;
    this.story = story;
    this.run = run;
    this.reader =
        TopicReader.open(
            kafka,
            List.of(
                topics.classifications(),
                topics.examples(),
                topics.trainingBatches(),
                topics.trainingEvents(),
                topics.adapters(),
                topics.deadLetters(topics.reviews()),
                topics.deadLetters(topics.feedback())),
            false);
  }

  void start() {
    thread.setDaemon(true);
    thread.start();
  }

  private void follow() {
    try (reader) {
      while (!closed) {
        for (ConsumerRecord<byte[], byte[]> record : reader.poll(Duration.ofMillis(200))) {
          takeOrSkip(record);
        }
      }
    } catch (WakeupException | InterruptException e) {
      LOG.debug("stopped", e);
    } catch (RuntimeException e) {
      LOG.error("the demo lost sight of the loop", e);
    }
  }

  /** The topics are everybody's: what is no event of ours must not end the story. */
  private void takeOrSkip(ConsumerRecord<byte[], byte[]> record) {
    try {
      take(record);
    } catch (InterruptException e) {
      throw e;
    } catch (RuntimeException e) {
      LOG.warn("{}-{}@{} is no event", record.topic(), record.partition(), record.offset(), e);
    }
  }

  private void take(ConsumerRecord<byte[], byte[]> record) {
    String topic = record.topic();
    byte @Nullable [] value = record.value();
    if (topic.endsWith(".dlq")) {
      String reason = DeadLetter.header(record.headers(), DeadLetter.REASON);
      String message = DeadLetter.header(record.headers(), DeadLetter.MESSAGE);
      state.deadLetter(reason == null ? "unknown" : reason);
      story.deadLetter(reason, message);
    } else if (value == null) {
      return;
    } else if (topic.equals(topics.classifications())) {
      Classification classification = EventJson.read(value, Classification.class);
      if (classification.reviewId().startsWith(run + "/")) {
        if (state.classified(classification)) {
          story.live(classification);
        }
      }
    } else if (topic.equals(topics.examples())) {
      state.curated();
    } else if (topic.equals(topics.trainingBatches())) {
      TrainingBatch batch = EventJson.read(value, TrainingBatch.class);
      state.batch(batch);
      story.batch(batch);
    } else if (topic.equals(topics.trainingEvents())) {
      story.training(EventJson.read(value, TrainingEvent.class));
    } else if (topic.equals(topics.adapters())) {
      if (AdapterRecord.read(record.key(), value).orElse(null)
          instanceof AdapterRecord.Released released) {
        state.decided(released.release());
        story.decided(released.release());
      }
    }
  }

  @Override
  public void close() {
    closed = true;
    try {
      thread.join(Duration.ofSeconds(5).toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
