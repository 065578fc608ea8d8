package dev.weir.curation;

import static org.apache.kafka.common.serialization.Serdes.ByteArray;

import dev.weir.contract.event.Example;
import dev.weir.contract.event.TrainingBatch;
import dev.weir.contract.topic.EventSerde;
import dev.weir.curation.batch.Assembled;
import dev.weir.curation.batch.Assembled.Added;
import dev.weir.curation.batch.Assembled.Closed;
import dev.weir.curation.batch.Assembled.Forgotten;
import dev.weir.curation.batch.BatchAssembler;
import dev.weir.curation.batch.BatchMeters;
import dev.weir.curation.batch.BatchNumbers;
import dev.weir.curation.batch.BatchTraces;
import dev.weir.curation.deadletter.DeadLetterWriter;
import dev.weir.curation.deadletter.KnownFaults;
import dev.weir.curation.deadletter.ReadableSerde;
import dev.weir.curation.deadletter.Screened;
import dev.weir.curation.deadletter.Screened.Passed;
import dev.weir.curation.dedup.CuratedText;
import dev.weir.curation.dedup.DeduplicationProcessor;
import dev.weir.curation.dedup.NewLabel;
import dev.weir.curation.limit.AdapterLimiter;
import dev.weir.curation.limit.SourceLimiter;
import dev.weir.curation.live.LiveAccuracy;
import dev.weir.curation.live.LiveAccuracyGauges;
import dev.weir.curation.live.LiveAccuracyTracker;
import dev.weir.curation.resolve.Candidate;
import dev.weir.curation.resolve.CandidateSerde;
import dev.weir.curation.resolve.ReviewEvent;
import dev.weir.curation.resolve.ReviewEventSerde;
import dev.weir.curation.resolve.ReviewResolver;
import dev.weir.curation.split.HoldoutSplit;
import dev.weir.curation.validate.FeedbackValidator;
import dev.weir.curation.validate.ReviewReader;
import dev.weir.curation.validate.ServedReader;
import dev.weir.service.kafka.SkippedRecords;
import dev.weir.service.trace.Tracing;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TopologyConfig;
import org.apache.kafka.streams.kstream.Branched;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Repartitioned;

/**
 * The way of a feedback record to an example: three parts with a repartition between them, as drawn
 * in this module's DESIGN.md.
 *
 * <p>A function of the configuration, shared by the service and its tests. Every operator, store
 * and repartition topic has a name of its own: generated names count nodes, and would lose the
 * state of a running application as soon as one is added.
 */
public final class CurationTopology {

  /** Name of the topic that is keyed by review. */
  static final String BY_REVIEW = "by-review";

  /** Name of the topic that is keyed by adapter. */
  static final String BY_ADAPTER = "by-adapter";

  /** How often deadlines and ages are looked at: a batch closes that much late at worst. */
  static final Duration CHECK_EVERY = Duration.ofMillis(500);

  private final CurationConfig config;
  private final MeterRegistry registry;
  private final Tracing tracing;
  private final KnownFaults faults;
  private final BatchNumbers numbers;
  private final StreamsBuilder builder;

  private CurationTopology(
      CurationConfig config,
      MeterRegistry registry,
      Tracing tracing,
      KnownFaults faults,
      BatchNumbers numbers,
      StreamsBuilder builder) {
    this.config = config;
    this.tracing = tracing;
    this.registry = registry;
    this.faults = faults;
    this.numbers = numbers;
    this.builder = builder;
  }

  /**
   * The topology for a configuration.
   *
   * @param registry counts what its processors do; under exactly-once an aborted transaction's
   *     records are processed, and counted, again
   * @param tracing makes their spans, again, too
   * @param faults names the records whose products could not be written
   * @param numbers the numbers of earlier batches
   * @param properties of the application that it is for
   */
  public static Topology build(
      CurationConfig config,
      MeterRegistry registry,
      Tracing tracing,
      KnownFaults faults,
      BatchNumbers numbers,
      Properties properties) {
    StreamsBuilder builder = new StreamsBuilder(new TopologyConfig(new StreamsConfig(properties)));
    CurationTopology topology =
        new CurationTopology(config, registry, tracing, faults, numbers, builder);
    CurationStores.all().forEach(topology.builder::addStateStore);
    KStream<String, ReviewEvent> events = topology.read();
    KStream<String, Candidate> labeled = topology.resolve(events);
    topology.assemble(labeled);
    return topology.builder.build();
  }

  private KStream<String, ReviewEvent> read() {
    SkippedRecords skipped = new SkippedRecords(registry).of(config.topics().classifications());
    KStream<String, ReviewEvent> feedback =
        passed(
            source(config.topics().feedback(), "feedback")
                .process(() -> new FeedbackValidator(faults), Named.as("feedback-validate")),
            "feedback-validated");
    KStream<String, ReviewEvent> reviews =
        source(config.topics().reviews(), "reviews")
            .process(ReviewReader::new, Named.as("reviews-read"));
    KStream<String, ReviewEvent> answers =
        source(config.topics().classifications(), "classifications")
            .process(() -> new ServedReader(skipped), Named.as("classifications-read"));
    // Repartitioned even where keys agree: clients in other languages partition in other ways, and
    // the three topics may differ in their number of partitions.
    return reviews
        .merge(answers, Named.as("reviews-and-answers"))
        .merge(feedback, Named.as("review-events"))
        .repartition(
            Repartitioned.<String, ReviewEvent>as(BY_REVIEW)
                .withKeySerde(Serdes.String())
                .withValueSerde(new ReadableSerde<>(new ReviewEventSerde()))
                .withNumberOfPartitions(config.partitions()));
  }

  private KStream<String, Candidate> resolve(KStream<String, ReviewEvent> events) {
    return passed(
            events.process(
                () ->
                    new ReviewResolver(
                        config.adapters(),
                        config.reviewWait(),
                        config.retention(),
                        CHECK_EVERY,
                        registry,
                        faults,
                        config.topics().feedback()),
                Named.as("feedback-resolve"),
                ReviewResolver.REVIEWS,
                ReviewResolver.ANSWERS,
                ReviewResolver.WAITING,
                ReviewResolver.DEADLINES),
            "feedback-resolved")
        .repartition(
            Repartitioned.<String, Candidate>as(BY_ADAPTER)
                .withKeySerde(Serdes.String())
                .withValueSerde(new ReadableSerde<>(new CandidateSerde()))
                .withNumberOfPartitions(config.partitions()));
  }

  private void assemble(KStream<String, Candidate> labeled) {
    LiveAccuracyGauges gauges = new LiveAccuracyGauges(registry);
    BatchMeters batches = new BatchMeters(registry);
    BatchTraces traces = new BatchTraces(tracing, config.topics());
    KStream<String, Candidate> known =
        passed(
            labeled.process(
                () -> new AdapterLimiter(config.adapters(), AdapterLimiter.MAX_ADAPTERS),
                Named.as("adapter-limit"),
                BatchAssembler.STORE),
            "adapter-limited");
    KStream<String, NewLabel> fresh =
        passed(
            known
                .processValues(
                    () -> new LiveAccuracyTracker(gauges),
                    Named.as("live-accuracy-track"),
                    LiveAccuracy.STORE)
                .process(
                    () -> new DeduplicationProcessor(config.conflict(), registry, faults),
                    Named.as("text-deduplicate"),
                    CuratedText.STORE),
            "text-deduplicated");
    KStream<String, NewLabel> admitted =
        passed(
            fresh.process(
                () -> new SourceLimiter(config.sourceRate()),
                Named.as("source-limit"),
                SourceLimiter.STORE),
            "source-limited");
    KStream<String, Assembled> assembled =
        admitted.process(
            () ->
                new BatchAssembler(
                    config.adapters(),
                    new HoldoutSplit(config.holdoutShare()),
                    config.batch(),
                    CHECK_EVERY,
                    numbers,
                    batches,
                    traces),
            Named.as("batch-assemble"),
            BatchAssembler.STORE,
            CuratedText.STORE,
            LiveAccuracy.STORE);
    write(assembled);
  }

  private void write(KStream<String, Assembled> assembled) {
    Map<String, KStream<String, Assembled>> outputs =
        assembled
            .split(Named.as("assembled-"))
            .branch((key, value) -> value instanceof Added, Branched.as("examples"))
            .branch((key, value) -> value instanceof Closed, Branched.as("batches"))
            .branch((key, value) -> value instanceof Forgotten, Branched.as("forgotten"))
            .noDefaultBranch();
    branch(outputs, "assembled-examples")
        .mapValues(value -> ((Added) value).example(), Named.as("examples-unwrap"))
        .to(
            config.topics().examples(),
            Produced.with(Serdes.String(), new EventSerde<>(Example.class))
                .withName("examples-sink"));
    branch(outputs, "assembled-forgotten")
        .mapValues(CurationTopology::tombstone, Named.as("examples-tombstone"))
        .to(
            config.topics().examples(),
            Produced.with(Serdes.String(), new EventSerde<>(Example.class))
                .withName("examples-forgotten-sink"));
    branch(outputs, "assembled-batches")
        .mapValues(value -> ((Closed) value).batch(), Named.as("training-batches-unwrap"))
        .to(
            config.topics().trainingBatches(),
            Produced.with(Serdes.String(), new EventSerde<>(TrainingBatch.class))
                .withName("training-batches-sink"));
  }

  @SuppressWarnings("NullAway") // Kafka's tombstones are null values
  private static Example tombstone(Assembled forgotten) {
    return null;
  }

  private KStream<byte[], byte[]> source(String topic, String name) {
    return builder.stream(
        topic, Consumed.with(ByteArray(), ByteArray()).withName(name + "-source"));
  }

  /**
   * What passed a step. What it refused goes to the dead-letter topic through a node of its own: a
   * shared one would join the three parts into one.
   */
  private <T> KStream<String, T> passed(KStream<String, Screened<T>> screened, String step) {
    Map<String, KStream<String, Screened<T>>> branches =
        screened
            .split(Named.as(step + "-"))
            .branch((key, value) -> value instanceof Passed, Branched.as("passed"))
            .defaultBranch(Branched.as("refused"));
    branch(branches, step + "-refused")
        .process(
            () -> new DeadLetterWriter<T>(registry, tracing, faults),
            Named.as(step + "-dead-letter"))
        .to(
            config.topics().deadLetters(config.topics().feedback()),
            Produced.with(ByteArray(), ByteArray()).withName(step + "-dead-letter-sink"));
    return branch(branches, step + "-passed")
        .mapValues(value -> ((Passed<T>) value).value(), Named.as(step + "-unwrap"));
  }

  private static <V> KStream<String, V> branch(
      Map<String, KStream<String, V>> branches, String name) {
    KStream<String, V> branch = branches.get(name);
    if (branch == null) {
      throw new IllegalStateException("no branch " + name + " in " + branches.keySet());
    }
    return branch;
  }
}
