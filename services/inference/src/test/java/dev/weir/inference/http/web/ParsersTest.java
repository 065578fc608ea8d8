package dev.weir.inference.http.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ParsersTest {

  private static final byte[] SMALL = new byte[Parsers.SMALL];
  private static final byte[] LARGE = new byte[Parsers.SMALL + 1];

  private final Vertx vertx = Vertx.vertx();
  private final Parsers parsers = Parsers.of(vertx);

  @AfterEach
  void end() {
    get(vertx.close());
  }

  @Test
  void smallRequestDoesNotWaitBehindLargeOnes() {
    CountDownLatch parsed = new CountDownLatch(1);
    List<Future<Boolean>> large = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      large.add(parsers.call(LARGE, () -> parsed.await(60, TimeUnit.SECONDS)));
    }
    assertThat(get(parsers.call(SMALL, () -> "small"))).isEqualTo("small");
    assertThat(large).noneMatch(Future::isComplete);
    parsed.countDown();
    for (Future<Boolean> each : large) {
      assertThat(get(each)).isTrue();
    }
  }

  @Test
  void largeRequestsBeyondABoundAreToldToComeAgain() {
    CountDownLatch parsed = new CountDownLatch(1);
    List<Future<Boolean>> large = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      large.add(parsers.call(LARGE, () -> parsed.await(60, TimeUnit.SECONDS)));
    }
    Future<Boolean> last = large.get(large.size() - 1);
    assertThatThrownBy(() -> get(last))
        .cause()
        .isInstanceOfSatisfying(
            Problem.class, problem -> assertThat(problem.status()).isEqualTo(429));
    parsed.countDown();
    assertThat(get(large.get(0))).isTrue();
  }

  private static <T> T get(Future<T> future) {
    return future.toCompletionStage().toCompletableFuture().join();
  }
}
