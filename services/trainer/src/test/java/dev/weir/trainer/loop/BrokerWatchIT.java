package dev.weir.trainer.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.EmbeddedBroker;
import dev.weir.service.ops.Health.Status;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BrokerWatchIT {

  private static final Duration TIMEOUT = Duration.ofSeconds(60);

  /** With nothing to read, a consumer says nothing of a broker that is away. */
  @Test
  void aBrokerThatIsAwayIsSeenWithoutWorkAndSoIsItsReturn(@TempDir Path data)
      throws ExecutionException, InterruptedException {
    EmbeddedBroker first = new EmbeddedBroker(EmbeddedBroker.Settings.of(data));
    first.start();
    String servers = first.bootstrapServers();
    int port = Integer.parseInt(servers.substring(servers.lastIndexOf(':') + 1));
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", servers))) {
      admin.createTopics(List.of(new NewTopic("training-batches", 1, (short) 1))).all().get();
    }
    try (BrokerWatch watch =
        new BrokerWatch(
            Map.of("bootstrap.servers", servers), "training-batches", Duration.ofSeconds(4))) {
      watch.start();
      Awaitility.await().atMost(TIMEOUT).until(() -> watch.topicId().isPresent());
      String id = watch.topicId().orElseThrow();
      assertThat(watch.status()).isInstanceOf(Status.Up.class);

      first.close();
      Awaitility.await().atMost(TIMEOUT).until(() -> watch.status() instanceof Status.Down);

      try (EmbeddedBroker again =
          new EmbeddedBroker(new EmbeddedBroker.Settings(data, port, Map.of()))) {
        again.start();
        Awaitility.await().atMost(TIMEOUT).until(() -> watch.status() instanceof Status.Up);
        assertThat(watch.topicId()).contains(id);
      }
    } finally {
      first.close();
    }
  }
}
