package dev.weir.testing;

import dev.weir.broker.EmbeddedBroker;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.kafka.KafkaContainer;
import org.testcontainers.utility.DockerImageName;

/** Starts the JVM's test broker as this class is initialised, and stops it in a shutdown hook. */
final class SharedBroker {
  private static final DockerImageName IMAGE = DockerImageName.parse("apache/kafka-native:4.3.1");

  static final String BOOTSTRAP_SERVERS =
      DockerClientFactory.instance().isDockerAvailable() ? container() : embedded();

  private SharedBroker() {}

  // Stopped by the hook; Testcontainers' reaper also removes it should the JVM be killed.
  @SuppressWarnings("resource")
  private static String container() {
    var kafka =
        new KafkaContainer(IMAGE)
            .withEnv("KAFKA_AUTO_CREATE_TOPICS_ENABLE", "false")
            .withEnv("KAFKA_MESSAGE_MAX_BYTES", Integer.toString(6 << 20))
            .withEnv("KAFKA_ADD_PARTITIONS_TO_TXN_RETRY_BACKOFF_MS", "1")
            .withEnv("KAFKA_TRANSACTION_ABORT_TIMED_OUT_TRANSACTION_CLEANUP_INTERVAL_MS", "1000")
            .withEnv("KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS", "0");
    kafka.start();
    atExit(kafka::stop);
    return kafka.getBootstrapServers();
  }

  private static String embedded() {
    try {
      Path data = Files.createTempDirectory("weir-test-broker");
      var broker = new EmbeddedBroker(EmbeddedBroker.Settings.of(data));
      broker.start();
      atExit(
          () -> {
            broker.close();
            delete(data);
          });
      return broker.bootstrapServers();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void atExit(Runnable stop) {
    Runtime.getRuntime().addShutdownHook(new Thread(stop, "test-broker-stop"));
  }

  private static void delete(Path directory) {
    try (Stream<Path> entries = Files.walk(directory)) {
      for (Path entry : entries.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(entry);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
