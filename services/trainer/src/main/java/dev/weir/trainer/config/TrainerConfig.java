package dev.weir.trainer.config;

import dev.weir.contract.event.AdapterCatalog;
import dev.weir.contract.release.Method;
import dev.weir.contract.topic.Topics;
import dev.weir.model.spec.Precision;
import dev.weir.service.config.Setting;
import dev.weir.service.config.Settings;
import dev.weir.service.config.SettingsException;
import dev.weir.service.process.CommonSettings;
import dev.weir.store.artifact.StoreConfig;
import dev.weir.store.signing.AdapterSigner;
import dev.weir.store.signing.ArtifactTrust;
import dev.weir.store.signing.StoreSettings;
import dev.weir.trainer.fit.TrainingOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * The trainer service's settings.
 *
 * @param kafka client properties
 * @param topics topic names
 * @param baseModel name or directory of the base model
 * @param store where artifacts are
 * @param options how adapters are trained
 * @param methods what is tried for each batch, in this order
 * @param maxExamples training examples of one training at most, replayed ones included
 * @param minHoldout holdout rows that the gate needs
 * @param frozenRows the adapter's oldest holdout rows, that the anti-forgetting rule looks at
 * @param maxForgetting the largest share of them that a challenger may lose against the best
 *     champion
 * @param precisions the arithmetics that a challenger about to be promoted is judged in
 * @param keepVersions artifacts kept per adapter, besides the champion
 * @param threads threads of one operation of training and evaluation
 * @param passOver batches in a row that may be passed over for a newer one that waits
 * @param attempts tries of a training that fails, before it is recorded as failed
 * @param backoff wait before the second try; doubles up to 32 times as long
 * @param stalledAfter how long a training may go without a step before health says so; zero for as
 *     long as it likes
 * @param signer signs what is published; empty leaves it unsigned
 * @param trust whose adapters training goes on from
 * @param catalog the declared adapters
 */
public record TrainerConfig(
    Map<String, Object> kafka,
    Topics topics,
    String baseModel,
    StoreConfig store,
    TrainingOptions options,
    List<Method> methods,
    int maxExamples,
    int minHoldout,
    int frozenRows,
    double maxForgetting,
    List<Precision> precisions,
    int keepVersions,
    int threads,
    int passOver,
    int attempts,
    Duration backoff,
    Duration stalledAfter,
    Optional<AdapterSigner> signer,
    ArtifactTrust trust,
    AdapterCatalog catalog) {

  private static final Setting<List<Method>> METHODS =
      Setting.text(
              "WEIR_TRAIN_METHODS",
              "head-refresh,lora",
              "what is tried for each batch, in this order: head-refresh, lora")
          .map(TrainerConfig::methods);
  private static final Setting<Integer> MAX_EXAMPLES =
      Setting.integer(
          "WEIR_TRAIN_MAX_EXAMPLES",
          2000,
          16,
          1_000_000,
          "training examples of one training at most, replayed ones included");
  private static final Setting<Integer> MIN_HOLDOUT =
      Setting.integer(
          "WEIR_TRAIN_MIN_HOLDOUT", 10, 1, 1_000_000, "holdout rows that the gate needs");
  private static final Setting<Integer> FROZEN_ROWS =
      Setting.integer(
          "WEIR_TRAIN_FROZEN_ROWS",
          200,
          0,
          10_000,
          "an adapter's oldest holdout rows, on which a challenger must not forget; 0 for no such rule");
  private static final Setting<Double> MAX_FORGETTING =
      Setting.decimal(
          "WEIR_TRAIN_MAX_FORGETTING",
          0.01,
          0,
          1,
          "share of the frozen rows that a challenger may lose against the best champion; one row is always"
              + " allowed, and below 50 rows nothing is asked");
  private static final Setting<List<Precision>> PRECISIONS =
      Setting.text(
              "WEIR_TRAIN_PRECISIONS",
              "fp32,int8",
              "arithmetics that a challenger about to be promoted is judged in, separated by commas:"
                  + " fp32 (always), int8, int8-weight-only")
          .map(TrainerConfig::precisions);
  private static final Setting<Integer> KEEP_VERSIONS =
      Setting.integer(
          "WEIR_TRAIN_KEEP_VERSIONS",
          5,
          1,
          10_000,
          "newest artifacts kept per adapter; the champion and what served before it are always kept");
  private static final Setting<Integer> THREADS =
      Setting.integer(
          "WEIR_TRAIN_THREADS",
          0,
          0,
          1024,
          "threads of training and evaluation; 0 for half of the processors");
  private static final Setting<Integer> PASS_OVER =
      Setting.integer(
          "WEIR_TRAIN_PASS_OVER",
          4,
          0,
          1000,
          "batches in a row that are passed over when a newer one of the adapter waits, whose training"
              + " has their examples, too; 0 trains on each");
  private static final Setting<Integer> ATTEMPTS =
      Setting.integer(
          "WEIR_TRAIN_ATTEMPTS",
          3,
          1,
          100,
          "tries of a training that fails, before it is recorded as training-failed");
  private static final Setting<Duration> BACKOFF =
      Setting.duration(
          "WEIR_TRAIN_BACKOFF",
          "1s",
          Duration.ofMillis(1),
          Duration.ofMinutes(10),
          "wait before another try, also while store or broker are away; doubles each time, up to 32 times");

  private static final Setting<Duration> STALLED_AFTER =
      Setting.duration(
          "WEIR_TRAIN_STALLED_AFTER",
          "10m",
          Duration.ZERO,
          Duration.ofDays(7),
          "how long a training may go without a step, a batch of texts or an iteration before readiness"
              + " is lost; after three times as long the process ends, to be restarted. 0s for no limit");

  private static final Setting<Optional<AdapterSigner>> SIGNING_KEY =
      new Setting<>(
          "WEIR_SIGNING_KEY",
          "",
          "a PEM file, PKCS #8 without a password",
          "Ed25519 private key that adapters are signed with, see weir keys signing; empty leaves"
              + " them unsigned",
          false,
          file ->
              file.isBlank()
                  ? Optional.empty()
                  : Optional.of(AdapterSigner.of(Path.of(file.strip()))));

  /** Copies the collections. */
  public TrainerConfig {
    kafka = Map.copyOf(kafka);
    methods = List.copyOf(methods);
    precisions = List.copyOf(precisions);
  }

  /** The service's own settings, in the order of the README's table. */
  public static List<Setting<?>> settings() {
    List<Setting<?>> settings = new ArrayList<>(StoreSettings.all());
    settings.add(METHODS);
    settings.add(MAX_EXAMPLES);
    settings.add(MIN_HOLDOUT);
    settings.add(FROZEN_ROWS);
    settings.add(MAX_FORGETTING);
    settings.add(PRECISIONS);
    settings.add(KEEP_VERSIONS);
    settings.add(THREADS);
    settings.add(PASS_OVER);
    settings.add(ATTEMPTS);
    settings.add(BACKOFF);
    settings.add(STALLED_AFTER);
    settings.add(SIGNING_KEY);
    settings.addAll(TrainingOptions.settings());
    return List.copyOf(settings);
  }

  /** The values of a process that declared {@link CommonSettings#all()} and {@link #settings()}. */
  public static TrainerConfig from(Settings settings) {
    return new TrainerConfig(
        CommonSettings.kafka(settings),
        settings.get(CommonSettings.TOPIC_PREFIX),
        settings.get(CommonSettings.BASE_MODEL),
        StoreConfig.from(settings),
        TrainingOptions.from(settings),
        settings.get(METHODS),
        settings.get(MAX_EXAMPLES),
        settings.get(MIN_HOLDOUT),
        settings.get(FROZEN_ROWS),
        settings.get(MAX_FORGETTING),
        settings.get(PRECISIONS),
        settings.get(KEEP_VERSIONS),
        threads(settings.get(THREADS)),
        settings.get(PASS_OVER),
        settings.get(ATTEMPTS),
        settings.get(BACKOFF),
        settings.get(STALLED_AFTER),
        signer(settings),
        settings.get(StoreSettings.TRUSTED_KEYS),
        settings.get(CommonSettings.ADAPTERS));
  }

  /** A trainer that does not believe itself could not go on from its own adapters. */
  private static Optional<AdapterSigner> signer(Settings settings) {
    Optional<AdapterSigner> signer = settings.get(SIGNING_KEY);
    ArtifactTrust trust = settings.get(StoreSettings.TRUSTED_KEYS);
    if (trust.required() && !signer.map(trust::trusts).orElse(false)) {
      throw new SettingsException(
          List.of(
              SIGNING_KEY.name()
                  + (signer.isEmpty()
                      ? " is missing while WEIR_TRUSTED_KEYS is set, so no adapter of this trainer would be believed; set it"
                      : " is not among WEIR_TRUSTED_KEYS, so no adapter of this trainer would be believed; add its public key")));
    }
    return signer;
  }

  private static int threads(int wanted) {
    return wanted > 0 ? wanted : Math.max(1, Runtime.getRuntime().availableProcessors() / 2);
  }

  private static List<Method> methods(String written) {
    List<Method> methods = new ArrayList<>();
    for (String part : written.split(",", -1)) {
      String word = part.strip().toLowerCase(Locale.ROOT);
      Method method =
          switch (word) {
            case "head-refresh" -> Method.HEAD_REFRESH;
            case "lora" -> Method.LORA;
            default ->
                throw new IllegalArgumentException(
                    "has '" + part.strip() + "', accepted are head-refresh and lora");
          };
      if (methods.contains(method)) {
        throw new IllegalArgumentException("has '" + word + "' twice");
      }
      methods.add(method);
    }
    return methods;
  }

  private static List<Precision> precisions(String written) {
    List<Precision> precisions = new ArrayList<>();
    for (String part : written.split(",", -1)) {
      Precision precision = Precision.of(part);
      if (precisions.contains(precision)) {
        throw new IllegalArgumentException("has '" + precision.id() + "' twice");
      }
      precisions.add(precision);
    }
    if (!precisions.contains(Precision.FP32)) {
      throw new IllegalArgumentException(
          "is '" + written + "' without fp32, which the others are compared with; add it");
    }
    return precisions;
  }
}
