package dev.weir.inference;

import dev.weir.contract.event.AdapterCatalog;
import dev.weir.contract.topic.Topics;
import dev.weir.inference.http.web.HttpConfig;
import dev.weir.inference.stream.Delivery;
import dev.weir.service.config.Setting;
import dev.weir.service.config.Settings;
import dev.weir.service.process.CommonSettings;
import dev.weir.store.signing.StoreSettings;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * The settings of the inference service.
 *
 * @param kafka properties that every Kafka client starts from
 * @param topics the topics' names
 * @param catalog the declared adapters
 * @param http where and to whom HTTP is served
 * @param workers threads that run the model; at least 1
 * @param batchTokens most tokens per micro-batch, padding included
 * @param queueTexts most texts that wait per source
 * @param adapters how adapters are kept
 * @param pollRecords most reviews per transaction
 * @param labelRequestMargin a label is asked for below this margin; 0 asks for none
 * @param instanceId tells this process from its replicas
 * @param delivery what a failure may do to the answers on Kafka
 * @param streams consumers of this process, each with a producer and a thread
 */
public record InferenceConfig(
    Map<String, Object> kafka,
    Topics topics,
    AdapterCatalog catalog,
    HttpConfig http,
    int workers,
    int batchTokens,
    int queueTexts,
    AdapterConfig adapters,
    int pollRecords,
    double labelRequestMargin,
    String instanceId,
    Delivery delivery,
    int streams) {

  /** Where HTTP is served. */
  public static final Setting<Integer> HTTP_PORT = HttpSettings.PORT;

  private static final Setting<Integer> WORKERS =
      Setting.integer(
          "WEIR_SERVE_WORKERS",
          0,
          0,
          256,
          "threads that run the model; 0 takes one per available processor");

  private static final Setting<Integer> BATCH_TOKENS =
      Setting.integer(
          "WEIR_SERVE_BATCH_TOKENS",
          256,
          16,
          65536,
          "most tokens per micro-batch, padding included; a longer text runs alone");

  private static final Setting<Integer> QUEUE_TEXTS =
      Setting.integer(
          "WEIR_SERVE_QUEUE",
          2048,
          1000,
          1_000_000,
          "most texts that wait, for Kafka and for HTTP each; beyond, HTTP answers 429");

  private static final Setting<Integer> POLL_RECORDS =
      Setting.integer("WEIR_SERVE_POLL_RECORDS", 128, 1, 1000, "most reviews per transaction");

  private static final Setting<Double> LABEL_REQUEST_MARGIN =
      Setting.decimal(
          "WEIR_SERVE_LABEL_REQUEST_MARGIN",
          0.2,
          0,
          1,
          "a label is requested when the two best probabilities are closer than this; 0 requests"
              + " none");

  private static final Setting<String> INSTANCE =
      Setting.text(
          "WEIR_SERVE_INSTANCE",
          "",
          "tells this process from its replicas, in the transactional id; host name and a random"
              + " part when empty");

  private static final Setting<Delivery> DELIVERY =
      Setting.oneOf(
              "WEIR_SERVE_DELIVERY",
              "exactly-once",
              "what a failure may do to the answers on Kafka: nothing, or double some; the second is"
                  + " a few milliseconds faster",
              "exactly-once",
              "at-least-once")
          .map(Delivery::of);

  private static final Setting<Integer> STREAMS =
      Setting.integer(
          "WEIR_SERVE_STREAMS",
          1,
          1,
          64,
          "consumers of this process, each with a producer and a thread; more than partitions are"
              + " idle");

  /** Copies the client properties. */
  public InferenceConfig {
    kafka = Map.copyOf(kafka);
  }

  /** This service's own settings, in the order of the README's table. */
  public static List<Setting<?>> settings() {
    List<Setting<?>> settings = new ArrayList<>(StoreSettings.all());
    settings.addAll(HttpSettings.settings());
    settings.addAll(List.of(WORKERS, BATCH_TOKENS, QUEUE_TEXTS));
    settings.addAll(AdapterConfig.settings());
    settings.addAll(List.of(POLL_RECORDS, LABEL_REQUEST_MARGIN, INSTANCE, DELIVERY, STREAMS));
    return List.copyOf(settings);
  }

  /**
   * Settings as a process reads them that serves, with all their problems at once: one that only
   * knows them does not need what they ask of the machine.
   */
  public static List<Setting<?>> serving(Collection<? extends Setting<?>> known) {
    Setting<?> device = AdapterConfig.servingDevice();
    return known.stream()
        .<Setting<?>>map(setting -> setting.equals(device) ? device : setting)
        .toList();
  }

  /**
   * Takes the values out of what the process read.
   *
   * @throws dev.weir.service.config.SettingsException if some contradict each other
   */
  public static InferenceConfig from(Settings settings) {
    int workers = settings.get(WORKERS);
    String instance = settings.get(INSTANCE);
    return new InferenceConfig(
        CommonSettings.kafka(settings),
        settings.get(CommonSettings.TOPIC_PREFIX),
        settings.get(CommonSettings.ADAPTERS),
        HttpSettings.from(settings),
        // The JVM counts the processors of its control group, not those of the machine.
        workers > 0 ? workers : Runtime.getRuntime().availableProcessors(),
        settings.get(BATCH_TOKENS),
        settings.get(QUEUE_TEXTS),
        AdapterConfig.from(settings),
        settings.get(POLL_RECORDS),
        settings.get(LABEL_REQUEST_MARGIN),
        instance.isBlank() ? someInstance() : instance.strip(),
        settings.get(DELIVERY),
        settings.get(STREAMS));
  }

  private static String someInstance() {
    String random = UUID.randomUUID().toString().substring(0, 8);
    try {
      return InetAddress.getLocalHost().getHostName() + "-" + random;
    } catch (UnknownHostException e) {
      return "host-" + random; // A container without a name: the random part tells them apart.
    }
  }
}
