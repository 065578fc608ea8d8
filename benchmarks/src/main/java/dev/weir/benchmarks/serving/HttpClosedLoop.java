package dev.weir.benchmarks.serving;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Clients that each send one text and wait for its answer before the next one: throughput over
 * HTTP.
 */
public final class HttpClosedLoop implements Contender {
  private final HttpEndpoint endpoint;
  private final int connections;

  /** Clients of one service; as many requests are in flight. */
  public HttpClosedLoop(HttpEndpoint endpoint, int connections) {
    this.endpoint = endpoint;
    this.connections = connections;
  }

  @Override
  public double perSecond(List<StreamText> texts) throws InterruptedException {
    Semaphore idle = new Semaphore(connections);
    AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    long began = System.nanoTime();
    for (StreamText text : texts) {
      idle.acquire();
      CompletableFuture<String> ignored =
          endpoint
              .send(text.text())
              .whenComplete(
                  (answer, problem) -> {
                    if (problem != null) {
                      failure.compareAndSet(null, problem);
                    }
                    idle.release();
                  });
    }
    idle.acquire(connections);
    double seconds = (System.nanoTime() - began) / 1e9;
    Throwable problem = failure.get();
    if (problem != null) {
      throw new IllegalStateException("a request failed", problem);
    }
    return texts.size() / seconds;
  }
}
