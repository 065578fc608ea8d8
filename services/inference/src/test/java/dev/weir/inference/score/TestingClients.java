package dev.weir.inference.score;

import dev.weir.contract.event.Review;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Asks a classifier as the review stream does. */
public final class TestingClients {

  private TestingClients() {}

  /** The answers to come; waits for room in the queue. */
  public static CompletableFuture<List<Answer>> classify(
      Classifier classifier, Source source, List<Review> reviews) throws InterruptedException {
    return classifier
        .offer(
            source == Source.KAFKA ? Caller.kafka("reviews-0") : Caller.http("test"),
            classifier.tokenise(reviews),
            Duration.ofMinutes(1))
        .orElseThrow(() -> new AssertionError("the queue stayed full for a minute"));
  }
}
