package dev.weir.inference.http.web;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.concurrent.Callable;

/**
 * The threads that parse and tokenise requests: a small request never waits for a thread behind
 * large ones, and large ones use half of the processors at most.
 *
 * @param small {@code http-worker-n}, for bodies up to {@link #SMALL} bytes and for what goes on
 *     with a request that was let in
 * @param large {@code http-bulk-worker-n}, for the other bodies
 */
public record Parsers(Workers small, Workers large) {

  /** Bytes of a body of some 100 sentences; tokenising them takes a few milliseconds. */
  static final int SMALL = 16 << 10;

  private static final int SMALL_THREADS = 4;
  private static final int MOST_SMALL = 1024;
  private static final int MOST_LARGE = 64;
  private static final String WORK = "being parsed";

  /** Pools of a server; closed with it. */
  public static Parsers of(Vertx vertx) {
    int half = Math.max(1, Runtime.getRuntime().availableProcessors() / 2);
    return new Parsers(
        new Workers(vertx, "http-worker", SMALL_THREADS, WORK, MOST_SMALL),
        new Workers(vertx, "http-bulk-worker", half, WORK, MOST_LARGE));
  }

  /** Runs a task for a request; the future fails with a {@link Problem} when too many wait. */
  public <T> Future<T> call(byte[] body, Callable<T> task) {
    return (body.length > SMALL ? large : small).call(task);
  }
}
