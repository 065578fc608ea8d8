package dev.weir.inference.stream;

import dev.weir.inference.stream.HookedClients.Point;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/**
 * A process that answers reviews and crashes in its third transaction, with the answers and the
 * offsets in it on the broker. Arguments: brokers, topic prefix, instance.
 */
final class CrashInTransaction {

  static final int EXIT_CODE = 17;
  static final Map<String, Object> OVERRIDES =
      Map.of("session.timeout.ms", 6_000, "heartbeat.interval.ms", 1_000);

  private CrashInTransaction() {}

  public static void main(String[] arguments) throws Exception {
    try (TestingStreams streams = new TestingStreams(arguments[0], arguments[1], OVERRIDES)) {
      StreamConfig config = streams.exactlyOnce(arguments[2]);
      streams.start(
          config,
          streams.scorers(),
          new HookedClients(
              config,
              Point.BEFORE_COMMIT,
              3,
              producer -> {
                producer.flush();
                Runtime.getRuntime().halt(EXIT_CODE);
              }));
      new CountDownLatch(1).await();
    }
  }
}
