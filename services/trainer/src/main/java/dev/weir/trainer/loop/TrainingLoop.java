package dev.weir.trainer.loop;

import dev.weir.contract.event.TrainingBatch;
import dev.weir.service.kafka.ClockStep;
import dev.weir.service.kafka.KafkaClients;
import dev.weir.service.trace.LogContext;
import dev.weir.service.trace.TraceAttributes;
import dev.weir.service.trace.Tracing;
import dev.weir.store.artifact.ArtifactStore;
import dev.weir.trainer.build.Cancellation;
import dev.weir.trainer.config.TrainerConfig;
import dev.weir.trainer.data.BatchRecords;
import dev.weir.trainer.data.SkippedRecords;
import dev.weir.trainer.meter.TrainerMetrics;
import dev.weir.trainer.publish.AdapterPublisher;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.binder.kafka.KafkaClientMetrics;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.StatusCode;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Consumes closed batches, one at a time, and goes on polling while one is in training, so that the
 * group keeps its member however long that takes.
 *
 * <p>Runs on thread {@code trainer-loop}, which alone touches the consumer and the publisher; a
 * batch is trained on thread {@code trainer-fit}. Polling state: <em>idle</em> (partitions flowing)
 * → <em>training</em> (all paused) → idle. A lost partition or a failure of the session calls the
 * training off, and the batch comes again from its committed offset.
 */
final class TrainingLoop implements Runnable {

  private static final Logger LOG = LoggerFactory.getLogger(TrainingLoop.class);
  private static final Duration IDLE_POLL = Duration.ofMillis(200);
  private static final Duration BUSY_POLL = Duration.ofMillis(20);
  private static final Duration GIVE_BACK = Duration.ofSeconds(5);
  private static final Duration MAX_BACKOFF = Duration.ofSeconds(30);

  private final TrainerConfig config;
  private final ArtifactStore store;
  private final TrainerState state;
  private final ExecutorService fitting;
  private final Supplier<BatchTrainer> trainers;
  private final TrainerMetrics metrics;
  private final Tracing tracing;
  private final BrokerWatch broker;
  private final Pulse pulse;
  private final BatchRecords records;
  private final Cancellation closing = new Cancellation();
  private volatile @Nullable KafkaConsumer<?, ?> wakeable;
  private @Nullable Begun begun; // the loop thread's
  private @Nullable BatchTrainer trainer; // the fitting thread's

  TrainingLoop(
      TrainerConfig config,
      ArtifactStore store,
      TrainerState state,
      ExecutorService fitting,
      Supplier<BatchTrainer> trainers,
      TrainerMetrics metrics,
      BrokerWatch broker,
      Pulse pulse,
      Tracing tracing) {
    this.broker = broker;
    this.pulse = pulse;
    this.records = new BatchRecords(new SkippedRecords("training-batches", metrics.registry()));
    this.config = config;
    this.store = store;
    this.state = state;
    this.fitting = fitting;
    this.trainers = trainers;
    this.metrics = metrics;
    this.tracing = tracing;
  }

  /**
   * The batch that this process has begun with last.
   *
   * @param topicId the topic that it is on
   * @param starts the processes that have begun with it, this one among them
   */
  private record Begun(String topicId, TopicPartition partition, long offset, int starts) {

    boolean at(String topic, TopicPartition where, long offsetThere) {
      return topicId.equals(topic) && partition.equals(where) && offset == offsetThere;
    }
  }

  /** Ends the loop soon; safe from any thread. */
  void stop() {
    closing.cancel();
  }

  /**
   * Ends a poll that does not end by itself: one that began before the clock was set back waits
   * until the time is what it was. Only after {@link #stop}, and not before an orderly end had its
   * time: it may hit a commit instead. Safe from any thread.
   */
  void wake() {
    KafkaConsumer<?, ?> polling = wakeable;
    if (polling != null) {
      polling.wakeup();
    }
  }

  @Override
  public void run() {
    Duration backoff = config.backoff();
    while (!closing.isCancelled()) {
      try {
        new Session().run();
        backoff = config.backoff();
      } catch (RuntimeException e) {
        LOG.warn("the training loop's session ended; starting another in {}", backoff, e);
        state.down(e.getMessage());
        try {
          closing.pause(backoff);
        } catch (CancellationException closed) {
          break;
        }
        Duration doubled = backoff.multipliedBy(2);
        backoff = doubled.compareTo(MAX_BACKOFF) < 0 ? doubled : MAX_BACKOFF;
      } catch (Error e) {
        state.dead("the training loop died of " + e);
        throw e;
      }
    }
    LOG.info("the training loop has ended");
  }

  /** One life of the Kafka clients. */
  private final class Session implements ConsumerRebalanceListener {
    private final KafkaConsumer<byte[], byte[]> consumer = newConsumer();
    private final String topicId = sessionsTopic();
    private final ClockStep clock = new ClockStep();
    private @Nullable BatchJob job;

    private String sessionsTopic() {
      try {
        return broker.look();
      } catch (KafkaException e) {
        consumer.close();
        throw e;
      }
    }

    void run() {
      try (consumer;
          AdapterPublisher publisher =
              new AdapterPublisher(config.kafka(), config.topics(), store, metrics.registry());
          KafkaClientMetrics clientMetrics =
              new KafkaClientMetrics(consumer, List.of(Tag.of("role", "batches")))) {
        clientMetrics.bindTo(metrics.registry());
        wakeable = consumer;
        consumer.subscribe(List.of(config.topics().trainingBatches()), this);
        state.waiting();
        while (!closing.isCancelled()) {
          for (ConsumerRecord<byte[], byte[]> record :
              consumer.poll(job == null ? IDLE_POLL : BUSY_POLL)) {
            begin(record);
          }
          BatchJob current = job;
          if (current != null) {
            current.take().ifPresent(handOver -> tell(publisher, current, handOver));
            if (current.done()) {
              finish(current);
            }
          }
          requireSameTopic();
          clock.requireNotSetBack();
        }
        BatchJob open = job;
        if (open != null) {
          giveBack(open);
        }
      } catch (WakeupException e) {
        if (!closing.isCancelled()) {
          throw e;
        }
      } finally {
        wakeable = null;
        callOff("the session ends");
      }
    }

    /** A topic of the same name has other records under the same offsets. */
    private void requireSameTopic() {
      String present = broker.topicId().orElse(topicId);
      if (!present.equals(topicId)) {
        throw new KafkaException(
            "topic " + config.topics().trainingBatches() + " was deleted and made anew");
      }
    }

    private void begin(ConsumerRecord<byte[], byte[]> record) {
      TopicPartition partition = new TopicPartition(record.topic(), record.partition());
      Optional<TrainingBatch> batch = records.read(record);
      if (batch.isEmpty()) {
        CommitNote passed = new CommitNote(topicId, 0);
        consumer.commitSync(
            Map.of(partition, new OffsetAndMetadata(record.offset() + 1, passed.toString())));
        return;
      }
      consumer.pause(consumer.assignment());
      Span span =
          tracing
              .process(
                  record.topic(),
                  record.partition(),
                  record.offset(),
                  Tracing.context(record.headers()))
              .setAttribute(TraceAttributes.ADAPTER, batch.get().adapter())
              .setAttribute(TraceAttributes.BATCH, batch.get().id())
              .startSpan();
      CommitNote note = noteStart(partition, record.offset());
      BatchJob started = new BatchJob(batch.get(), partition, record.offset(), note, span);
      started.running(fitting.submit(() -> fit(started)));
      job = started;
    }

    /**
     * Notes beside the committed offset that this process begins with a batch: if that kills it,
     * the next one can see it.
     */
    private CommitNote noteStart(TopicPartition partition, long offset) {
      Begun known = begun;
      boolean again = known != null && known.at(topicId, partition, offset);
      int starts = known != null && again ? known.starts() : 1;
      try {
        if (!again) {
          OffsetAndMetadata committed = consumer.committed(Set.of(partition)).get(partition);
          if (committed != null && committed.offset() == offset) {
            CommitNote before = CommitNote.parse(committed.metadata());
            starts = before.ofAnotherTopic(topicId) ? 1 : before.starts() + 1;
          }
        }
        CommitNote note = new CommitNote(topicId, starts);
        consumer.commitSync(Map.of(partition, new OffsetAndMetadata(offset, note.toString())));
      } catch (KafkaException e) {
        LOG.warn("the start of the batch at {}@{} is not noted", partition, offset, e);
      }
      begun = new Begun(topicId, partition, offset, starts);
      return new CommitNote(topicId, starts);
    }

    private void tell(AdapterPublisher publisher, BatchJob from, BatchJob.HandOver handOver) {
      try {
        from.cancellation().check();
        if (handOver.announcement().isPresent()) {
          publisher.publish(
              handOver.announcement().get(),
              from.partition(),
              handOver.next(),
              consumer.groupMetadata(),
              from.span());
        } else {
          publisher.pass(from.partition(), handOver.next(), consumer.groupMetadata());
        }
        from.told(handOver);
        handOver.told().complete(true);
      } catch (KafkaException e) {
        if (AdapterPublisher.tooLarge(e)) {
          // Not the broker's trouble: it would be the same for ever.
          handOver.told().completeExceptionally(new IllegalStateException(e.getMessage(), e));
          return;
        }
        from.cancellation().cancel(); // a new session takes the batch up again
        handOver.told().completeExceptionally(e);
        throw e;
      } catch (RuntimeException e) {
        handOver.told().completeExceptionally(e);
      }
    }

    private void finish(BatchJob done) {
      job = null;
      try {
        done.result();
      } catch (ExecutionException e) {
        if (e.getCause() instanceof Error) {
          // As if it had killed the process: an error is no outage that passes by itself.
          begun = null;
        }
        if (!closing.isCancelled()) {
          // Going on would note the next batch's offset, and this one would never come again.
          throw new KafkaException(
              "batch " + done.batch().id() + " could not be taken to its end", e.getCause());
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
      state.waiting();
      consumer.resume(consumer.assignment());
    }

    private void callOff(String why) {
      if (job != null) {
        LOG.info("batch {} is called off: {}", job.batch().id(), why);
        job.cancellation().cancel();
        job.take().ifPresent(h -> h.told().completeExceptionally(new CancellationException(why)));
        job = null;
      }
    }

    /** An orderly end: what was begun has killed nobody. */
    private void giveBack(BatchJob called) {
      if (called.settled()) {
        return; // The offset behind it is committed, and must not go back.
      }
      try {
        consumer.commitSync(Map.of(called.partition(), called.notBegun()), GIVE_BACK);
        begun = null;
      } catch (KafkaException e) {
        LOG.warn(
            "batch {} counts as begun, although it was only called off", called.batch().id(), e);
      }
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
      consumer
          .committed(new HashSet<>(partitions))
          .forEach(
              (partition, committed) -> {
                if (committed != null
                    && CommitNote.parse(committed.metadata()).ofAnotherTopic(topicId)) {
                  LOG.warn(
                      "{} was made anew since offset {} was committed; it is read from its beginning",
                      partition,
                      committed.offset());
                  consumer.seekToBeginning(Set.of(partition));
                }
              });
      if (job != null) {
        consumer.pause(partitions);
      }
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
      if (job != null && partitions.contains(job.partition())) {
        giveBack(job);
        callOff("another trainer takes over " + job.partition());
        consumer.resume(consumer.assignment());
      }
    }
  }

  /** On the fitting thread. */
  private void fit(BatchJob job) {
    if (trainer == null) {
      trainer = trainers.get();
    }
    metrics.busy(true);
    pulse.beat();
    LogContext about =
        LogContext.of("batch", job.batch().id())
            .with("adapter", job.batch().adapter())
            .in(job.span());
    try {
      trainer.train(job.batch(), job.diedBefore(), job, job.cancellation());
    } catch (RuntimeException e) {
      job.span().setStatus(StatusCode.ERROR);
      throw e;
    } finally {
      about.close();
      job.span().end();
      pulse.rest();
      metrics.busy(false);
    }
  }

  /** Closes what the fitting thread owns; to be run on it. */
  void closeTrainer() {
    if (trainer != null) {
      trainer.close();
      trainer = null;
    }
  }

  private KafkaConsumer<byte[], byte[]> newConsumer() {
    Map<String, Object> properties = KafkaClients.reading(config.kafka());
    properties.put(ConsumerConfig.GROUP_ID_CONFIG, config.topics().prefix() + "weir-trainer");
    properties.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 1);
    // Cooperative: a trainer that joins takes only what it is given, so that no training elsewhere
    // is called off for it.
    properties.put(
        ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG,
        CooperativeStickyAssignor.class.getName());
    return KafkaClients.consumer(properties);
  }
}
