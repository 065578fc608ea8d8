package dev.weir.curation;

import dev.weir.contract.event.AdapterCatalog;
import dev.weir.contract.topic.Topics;
import dev.weir.curation.batch.BatchPolicy;
import dev.weir.curation.dedup.ConflictPolicy;
import dev.weir.service.config.Setting;
import dev.weir.service.config.Settings;
import dev.weir.service.config.SettingsException;
import dev.weir.service.process.CommonSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The settings of the curation service, as values.
 *
 * @param kafka properties of every Kafka client, bootstrap servers included
 * @param topics names of the topics
 * @param adapters the adapters that may be trained and their labels
 * @param replication replicas of the topics that Streams creates
 * @param reviewWait how long feedback waits for its review or its answer
 * @param retention how long reviews and answers are kept for feedback
 * @param sourceRate examples per source, adapter and minute; 0 for any number
 * @param conflict what another label on the same text is worth
 * @param holdoutShare part of the texts that is held out
 * @param batch when a batch is closed
 * @param stateDir directory of the local stores
 * @param threads stream threads
 * @param commitInterval longest time that output stays uncommitted
 * @param partitions partitions of the repartition topics, and so the most tasks that can share the
 *     work
 * @param storeMemoryBytes memory of all local stores together
 */
public record CurationConfig(
    Map<String, Object> kafka,
    Topics topics,
    AdapterCatalog adapters,
    int replication,
    Duration reviewWait,
    Duration retention,
    int sourceRate,
    ConflictPolicy conflict,
    double holdoutShare,
    BatchPolicy batch,
    Path stateDir,
    int threads,
    Duration commitInterval,
    int partitions,
    long storeMemoryBytes) {

  private static final Setting<Duration> REVIEW_WAIT =
      Setting.duration(
          "WEIR_CURATION_REVIEW_WAIT",
          "10m",
          Duration.ZERO,
          Duration.ofDays(7),
          "how long feedback waits for its review, and a verdict for its answer");

  private static final Setting<Duration> RETENTION =
      Setting.duration(
          "WEIR_CURATION_RETENTION",
          "7d",
          Duration.ofMinutes(1),
          Duration.ofDays(90),
          "how long reviews and answers are kept for feedback that comes later");

  private static final Setting<Integer> SOURCE_RATE =
      Setting.integer(
          "WEIR_CURATION_SOURCE_RATE",
          0,
          0,
          1_000_000,
          "examples that one source may give to one adapter per minute; 0 for any number");

  private static final Setting<ConflictPolicy> CONFLICT =
      Setting.oneOf(
              "WEIR_CURATION_CONFLICT",
              "latest",
              "the same text with another label: the later feedback counts, or goes to the dead"
                  + " letters",
              "latest",
              "quarantine")
          .map(word -> ConflictPolicy.valueOf(word.toUpperCase(Locale.ROOT)));

  private static final Setting<Double> HOLDOUT_SHARE =
      Setting.decimal(
          "WEIR_CURATION_HOLDOUT_SHARE",
          0.2,
          0,
          0.9,
          "part of the texts that is never trained on and judges new versions");

  private static final Setting<Integer> BATCH_SIZE =
      Setting.integer(
          "WEIR_CURATION_BATCH_SIZE",
          64,
          1,
          1_000_000,
          "examples that close a batch, train and holdout together");

  private static final Setting<Duration> BATCH_AGE =
      Setting.duration(
          "WEIR_CURATION_BATCH_AGE",
          "5m",
          Duration.ofMillis(100),
          Duration.ofDays(30),
          "time since its first example that closes a batch");

  private static final Setting<Integer> BATCH_MIN =
      Setting.integer(
          "WEIR_CURATION_BATCH_MIN",
          16,
          1,
          1_000_000,
          "examples without which a batch is not closed by age");

  private static final Setting<Integer> FIRST_TRAIN =
      Setting.integer(
          "WEIR_CURATION_FIRST_TRAIN",
          16,
          0,
          1_000_000,
          "train examples without which an adapter's first batch is not closed, whatever its size"
              + " and age");

  private static final Setting<Integer> FIRST_HOLDOUT =
      Setting.integer(
          "WEIR_CURATION_FIRST_HOLDOUT",
          10,
          0,
          1_000_000,
          "holdout examples without which it is not closed either; at least"
              + " WEIR_TRAIN_MIN_HOLDOUT, or its training cannot be judged");

  private static final Setting<Double> ACCURACY_FLOOR =
      Setting.decimal(
          "WEIR_CURATION_ACCURACY_FLOOR",
          0,
          0,
          1,
          "live accuracy under which a batch is closed with the minimum of examples; 0 for off");

  private static final Setting<Path> STATE_DIR =
      Setting.text(
              "WEIR_CURATION_STATE_DIR",
              "weir-data/state",
              "directory of local state; one process at a time, rebuilt from Kafka when lost")
          .map(Path::of);

  private static final Setting<Integer> THREADS =
      Setting.integer("WEIR_CURATION_THREADS", 1, 1, 64, "stream threads");

  private static final Setting<Duration> COMMIT_INTERVAL =
      Setting.duration(
          "WEIR_CURATION_COMMIT_INTERVAL",
          "100ms",
          Duration.ofMillis(10),
          Duration.ofSeconds(5),
          "time between transactions: shorter is faster to see, longer is cheaper");

  private static final Setting<Integer> PARTITIONS =
      Setting.integer(
          "WEIR_CURATION_PARTITIONS",
          4,
          1,
          1000,
          "partitions of curation's internal topics, the most threads that can share the work;"
              + " fixed by the first start");

  private static final Setting<Integer> STORE_MEMORY_MB =
      Setting.integer(
          "WEIR_CURATION_STORE_MEMORY_MB",
          64,
          16,
          65_536,
          "memory of all local stores together, caches and write buffers, in MiB");

  /** The settings of this service, in the order of the README's table; the common ones apart. */
  public static List<Setting<?>> settings() {
    return List.of(
        REVIEW_WAIT,
        RETENTION,
        SOURCE_RATE,
        CONFLICT,
        HOLDOUT_SHARE,
        BATCH_SIZE,
        BATCH_AGE,
        BATCH_MIN,
        FIRST_TRAIN,
        FIRST_HOLDOUT,
        ACCURACY_FLOOR,
        STATE_DIR,
        THREADS,
        COMMIT_INTERVAL,
        PARTITIONS,
        STORE_MEMORY_MB);
  }

  /**
   * The values that {@code settings} gives, which must declare the common settings too.
   *
   * @throws SettingsException if they contradict each other
   */
  public static CurationConfig from(Settings settings) {
    refuseContradictions(settings);
    return new CurationConfig(
        CommonSettings.kafka(settings),
        settings.get(CommonSettings.TOPIC_PREFIX),
        settings.get(CommonSettings.ADAPTERS),
        settings.get(CommonSettings.REPLICATION),
        settings.get(REVIEW_WAIT),
        settings.get(RETENTION),
        settings.get(SOURCE_RATE),
        settings.get(CONFLICT),
        settings.get(HOLDOUT_SHARE),
        new BatchPolicy(
            settings.get(BATCH_SIZE),
            settings.get(BATCH_AGE),
            settings.get(BATCH_MIN),
            settings.get(ACCURACY_FLOOR),
            settings.get(FIRST_TRAIN),
            settings.get(FIRST_HOLDOUT)),
        settings.get(STATE_DIR),
        settings.get(THREADS),
        settings.get(COMMIT_INTERVAL),
        settings.get(PARTITIONS),
        (long) settings.get(STORE_MEMORY_MB) << 20);
  }

  private static void refuseContradictions(Settings settings) {
    if (settings.get(HOLDOUT_SHARE) == 0 && settings.get(FIRST_HOLDOUT) > 0) {
      throw new SettingsException(
          List.of(
              HOLDOUT_SHARE.name()
                  + " is 0, and the first batch waits for "
                  + settings.get(FIRST_HOLDOUT)
                  + " holdout examples; set a share above 0, or "
                  + FIRST_HOLDOUT.name()
                  + "=0"));
    }
  }

  /**
   * Refuses a first batch that the trainer beside this service could not judge.
   *
   * @param minHoldout holdout rows that the trainer's gate needs, WEIR_TRAIN_MIN_HOLDOUT
   * @throws SettingsException if the first batch may have fewer
   */
  public void checkTrainable(int minHoldout) {
    if (batch.firstHoldout() < minHoldout) {
      throw new SettingsException(
          List.of(
              FIRST_HOLDOUT.name()
                  + " is "
                  + batch.firstHoldout()
                  + ", so the first batch may have fewer holdout rows than the "
                  + minHoldout
                  + " that the trainer needs (WEIR_TRAIN_MIN_HOLDOUT); set both to the same number"));
    }
  }

  /** Consumer group, prefix of internal topics and of transactional ids. */
  public String applicationId() {
    return topics.prefix() + "weir-curation";
  }
}
