package dev.weir.inference.stream;

import static dev.weir.inference.stream.TestingStreams.SOON;
import static dev.weir.inference.stream.TestingStreams.once;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.broker.EmbeddedBroker;
import dev.weir.broker.EmbeddedBroker.Settings;
import dev.weir.inference.stream.HookedClients.Point;
import dev.weir.service.ops.Health.Status;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A broker of the test's own that goes away and comes back, with the same data and port. */
@Timeout(900)
class BrokerLossIT {

  @TempDir Path directory;
  private volatile EmbeddedBroker broker;
  private int port;
  private TestingStreams streams;

  @BeforeEach
  void start() {
    startBroker(0);
    String servers = broker.bootstrapServers();
    port = Integer.parseInt(servers.substring(servers.indexOf(':') + 1));
  }

  private void startBroker(int onPort) {
    broker = new EmbeddedBroker(new Settings(directory, onPort, Map.of()));
    broker.start();
  }

  private void provision(Map<String, Object> overrides) throws Exception {
    streams = new TestingStreams(broker.bootstrapServers(), "loss-", overrides);
    streams.provision();
    streams.produce(0, 200);
  }

  @AfterEach
  void close() {
    streams.close();
    broker.close();
  }

  @ParameterizedTest
  @EnumSource(names = {"BEFORE_OFFSETS", "BEFORE_COMMIT"})
  void brokerThatIsLostInATransactionAndComesBackCostsNothing(Point point) throws Exception {
    provision(Map.of("max.block.ms", 2_000));
    StreamConfig config = streams.exactlyOnce("one");
    CountDownLatch lost = new CountDownLatch(1);
    HookedClients clients =
        new HookedClients(
            config,
            point,
            2,
            producer -> {
              producer.flush();
              broker.close();
              lost.countDown();
            });
    ReviewStream stream = streams.start(config, streams.scorers(), clients);
    lost.await();
    await().atMost(SOON).until(() -> stream.status() instanceof Status.Down);
    startBroker(port);
    streams.produce(200, 300);
    streams.awaitAllCommitted();
    await().atMost(SOON).until(() -> stream.status() instanceof Status.Up);
    assertThat(streams.answers()).isEqualTo(once(300));
  }

  @Test
  void brokerThatIsAwayForAMomentInATransactionCostsNothing() throws Exception {
    provision(Map.of("max.block.ms", 60_000, "transaction.timeout.ms", 60_000));
    StreamConfig config = streams.exactlyOnce("one");
    HookedClients clients =
        new HookedClients(
            config,
            Point.BEFORE_COMMIT,
            2,
            producer -> {
              producer.flush();
              broker.close();
              startBroker(port);
            });
    streams.start(config, streams.scorers(), clients);
    streams.awaitAllCommitted();
    assertThat(streams.answers()).isEqualTo(once(200));
  }
}
