package dev.weir.broker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.broker.BrokerStartException.Reason;
import dev.weir.broker.EmbeddedBroker.Settings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedBrokerIT {
  private static final String TOPIC = "reviews";

  @TempDir Path temp;

  @Test
  void producesAndConsumesRecord() throws Exception {
    try (var broker = started(Settings.of(temp.resolve("data")))) {
      var client = new TestingClient(broker.bootstrapServers());
      client.createTopic(TOPIC);

      client.send(TOPIC, "lovely");

      assertThat(client.read(TOPIC, 1)).containsExactly("lovely");
      assertThat(broker.bootstrapServers()).startsWith("127.0.0.1:");
      assertThat(broker.fault()).isEmpty();
    }
  }

  @Test
  void keepsTopicsRecordsAndOffsetsOverRestartOnOtherPorts() throws Exception {
    String before;
    try (var broker = started(Settings.of(temp.resolve("data")))) {
      before = broker.bootstrapServers();
      var client = new TestingClient(before);
      client.createTopic(TOPIC);
      client.send(TOPIC, "first");
      client.commit("readers", TOPIC, 1);
    }

    int other = LoopbackPorts.free(Integer.parseInt(before.substring(before.indexOf(':') + 1)));
    try (var broker = started(new Settings(temp.resolve("data"), other, Map.of()))) {
      var client = new TestingClient(broker.bootstrapServers());
      client.send(TOPIC, "second");

      assertThat(broker.bootstrapServers()).isEqualTo("127.0.0.1:" + other).isNotEqualTo(before);
      assertThat(client.read(TOPIC, 2)).containsExactly("first", "second");
      assertThat(client.committed("readers", TOPIC)).isEqualTo(1);
    }
  }

  @Test
  void showsOnlyCommittedTransactionsToReadCommitted() throws Exception {
    try (var broker = started(Settings.of(temp.resolve("data")))) {
      var client = new TestingClient(broker.bootstrapServers());
      client.createTopic(TOPIC);

      client.sendInTransaction(TOPIC, List.of("aborted"), false);
      client.sendInTransaction(TOPIC, List.of("one", "two"), true);

      assertThat(client.read(TOPIC, 2)).containsExactly("one", "two");
    }
  }

  @Test
  void appliesOverridesAndAcceptsLargeRecords() throws Exception {
    var settings = new Settings(temp.resolve("data"), 0, Map.of("num.partitions", "3"));
    try (var broker = started(settings)) {
      var client = new TestingClient(broker.bootstrapServers());
      client.createTopic(TOPIC);
      String large = "x".repeat(5 << 20);

      client.send(TOPIC, large);

      assertThat(client.read(TOPIC, 1)).containsExactly(large);
      assertThat(client.brokerSetting("num.partitions")).isEqualTo("3");
      assertThat(client.brokerSetting("add.partitions.to.txn.retry.backoff.ms")).isEqualTo("1");
    }
  }

  @Test
  void reportsPortInUseWithRemedy() throws IOException {
    try (var holder = new ServerSocket(0, 1, InetAddress.getByAddress(new byte[] {127, 0, 0, 1}))) {
      int port = holder.getLocalPort();

      assertRefused(
          new Settings(temp.resolve("data"), port, Map.of()),
          Reason.PORT_UNAVAILABLE,
          "port " + port + " is in use; stop the process that holds it or pass --broker-port");
      assertThat(temp.resolve("data")).doesNotExist();
    }
  }

  @Test
  void reportsDataDirectoryThatIsFile() throws IOException {
    Path file = Files.createFile(temp.resolve("data"));

    assertRefused(Settings.of(file), Reason.DATA_DIR_UNUSABLE, "is a file, not a directory");
  }

  @Test
  void reportsDataDirectoryLockedByAnotherProcess() throws IOException {
    Path data = Files.createDirectory(temp.resolve("data"));
    Process holder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                LockHolder.class.getName(),
                data.resolve(".lock").toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (var answer = holder.inputReader(UTF_8)) {
      assertThat(answer.readLine()).isEqualTo("locked true");

      assertRefused(Settings.of(data), Reason.DATA_DIR_LOCKED, "is in use by another process");
    } finally {
      holder.destroy();
    }
  }

  @Test
  void reportsDamagedDataWithoutEndingTheProcess() throws IOException {
    started(Settings.of(temp.resolve("data"))).close();
    Path quorum = temp.resolve("data/__cluster_metadata-0/quorum-state");
    assertThat(quorum).exists();
    Files.writeString(quorum, "not json");

    assertRefused(Settings.of(temp.resolve("data")), Reason.KAFKA_FAILED, "Kafka did not start on");
  }

  @Test
  void startsAndClosesTwiceHarmlessly() {
    var broker = started(Settings.of(temp.resolve("data")));
    String servers = broker.bootstrapServers();
    broker.start();
    assertThat(broker.bootstrapServers()).isEqualTo(servers);

    broker.close();
    broker.close();

    assertThatThrownBy(broker::bootstrapServers).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(broker::start).hasMessageContaining("create another");
  }

  @Test
  void refusesOverrideOfWhatItOwns() {
    assertThatThrownBy(() -> new Settings(temp, 0, Map.of("listeners", "PLAINTEXT://0.0.0.0:1")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("[listeners]");
  }

  private static EmbeddedBroker started(Settings settings) {
    var broker = new EmbeddedBroker(settings);
    broker.start();
    return broker;
  }

  private static void assertRefused(Settings settings, Reason reason, String message) {
    try (var broker = new EmbeddedBroker(settings)) {
      assertThatThrownBy(broker::start)
          .isInstanceOfSatisfying(
              BrokerStartException.class, e -> assertThat(e.reason()).isEqualTo(reason))
          .hasMessageContaining(message)
          .hasMessageNotContaining("\n");
    }
  }
}
