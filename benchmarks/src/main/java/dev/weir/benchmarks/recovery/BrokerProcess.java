package dev.weir.benchmarks.recovery;

import dev.weir.broker.EmbeddedBroker;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/** The embedded broker as a process of its own; arguments: data directory and port. */
final class BrokerProcess {

  private BrokerProcess() {}

  public static void main(String[] arguments) throws InterruptedException {
    EmbeddedBroker broker =
        new EmbeddedBroker(
            new EmbeddedBroker.Settings(
                Path.of(arguments[0]), Integer.parseInt(arguments[1]), Map.of()));
    Runtime.getRuntime().addShutdownHook(new Thread(broker::close, "broker-close"));
    broker.start();
    new CountDownLatch(1).await();
  }
}
