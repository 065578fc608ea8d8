package dev.weir.inference.stream;

import dev.weir.inference.score.Classifier;
import dev.weir.service.ops.Health.Status;
import dev.weir.service.trace.Tracing;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Reads reviews, has them scored and writes the answers: the Kafka path of this process.
 *
 * <p>It has {@link StreamConfig#streams} members of the consumer group, each with a producer and a
 * thread of its own; the partitions are shared out among them and those of the other processes.
 * Thread-safe. {@link #close} answers and commits what was read, then leaves the group.
 */
public final class ReviewStreams implements AutoCloseable {

  private final List<ReviewStream> streams;

  /** Streams; they do nothing before {@link #start}. */
  public ReviewStreams(
      StreamConfig config,
      Classifier classifier,
      AdaptersKnown adaptersKnown,
      MeterRegistry registry,
      Tracing tracing,
      Clock clock) {
    StreamMeters meters = new StreamMeters(registry);
    streams =
        IntStream.range(0, config.streams())
            .mapToObj(
                number ->
                    new ReviewStream(
                        config,
                        number,
                        classifier,
                        adaptersKnown,
                        meters,
                        tracing,
                        clock,
                        new StreamClients(config, number)))
            .toList();
    meters.standstill(
        () -> streams.stream().mapToLong(ReviewStream::standstillSeconds).max().orElse(0));
  }

  /** Starts to read. */
  public void start() {
    streams.forEach(ReviewStream::start);
  }

  /** Whether all streams answer reviews; else the status of the one that is worst off. */
  public Status status() {
    Status worst = new Status.Up("answering reviews");
    for (ReviewStream stream : streams) {
      Status status = stream.status();
      if (status instanceof Status.Dead) {
        return status;
      }
      if (status instanceof Status.Down) {
        worst = status;
      }
    }
    return worst;
  }

  @Override
  public void close() {
    streams.forEach(ReviewStream::beginClose); // All at once: each may have to finish a poll.
    streams.forEach(ReviewStream::close);
  }
}
