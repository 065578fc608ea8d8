package dev.weir.standalone.demo;

import dev.weir.contract.event.Feedback;
import dev.weir.contract.event.Limits;
import dev.weir.contract.event.Review;
import dev.weir.contract.topic.Topics;
import dev.weir.standalone.loop.EventProducer;
import dev.weir.standalone.loop.Pace;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Plays the people: streams reviews, and labels for some of them a moment later.
 *
 * <p>Its own thread is {@code demo-feeder}. First every row once, the feedback rows followed by
 * their label; then the unseen rows over and over under new ids, slower, until it is stopped.
 */
final class ReviewFeeder implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(ReviewFeeder.class);

  /** After the feedback the stream leaves the processor to the trainer. */
  private static final double IDLE_SHARE = 0.15;

  private final EventProducer producer;
  private final Topics topics;
  private final DemoData data;
  private final String run;
  private final double rate;
  private final boolean mistakes;
  private final AtomicLong reviews = new AtomicLong();
  private final AtomicLong feedback = new AtomicLong();
  private final Thread thread = new Thread(this::feed, "demo-feeder");
  private volatile boolean stopped;
  private volatile boolean feedbackDone;

  /** Feeds {@code data}; with {@code mistakes} a few bad feedback records go along. */
  ReviewFeeder(
      EventProducer producer,
      Topics topics,
      DemoData data,
      String run,
      double rate,
      boolean mistakes) {
    this.producer = producer;
    this.topics = topics;
    this.data = data;
    this.run = run;
    this.rate = rate;
    this.mistakes = mistakes;
  }

  void start() {
    thread.setDaemon(true);
    thread.start();
  }

  /** Reviews sent so far. */
  long reviews() {
    return reviews.get();
  }

  /** Feedback records sent so far, the bad ones included. */
  long feedback() {
    return feedback.get();
  }

  /** Whether all feedback was sent. */
  boolean feedbackDone() {
    return feedbackDone;
  }

  /** Stops the endless part; returns when the last review is acknowledged. */
  void stop() throws InterruptedException {
    stopped = true;
    thread.join();
    producer.flush();
  }

  /** Sends every unseen review once more; only after {@link #stop}. */
  void finalPass() {
    for (LabeledReview review : data.unseen()) {
      send(review, ReviewIds.FINAL);
    }
    producer.flush();
  }

  private void feed() {
    try {
      Pace pace = new Pace(rate);
      for (Turn turn : turns()) {
        if (stopped) {
          return;
        }
        pace.await();
        String id = send(turn.review(), "1");
        if (turn.labeled()) {
          label(id, turn.review());
        }
      }
      if (mistakes) {
        sendMistakes();
      }
      producer.flush();
      feedbackDone = true;
      Pace slow = new Pace(rate * IDLE_SHARE);
      for (int pass = 2; !stopped; pass++) {
        for (LabeledReview review : data.unseen()) {
          if (stopped) {
            return;
          }
          slow.await();
          send(review, Integer.toString(pass));
        }
      }
    } catch (RuntimeException e) {
      LOG.error("the demo can send no more reviews", e);
    }
  }

  private record Turn(LabeledReview review, boolean labeled) {}

  /** Both parts woven into one stream at an even ratio. */
  private List<Turn> turns() {
    List<Turn> turns = new ArrayList<>();
    int unseen = 0;
    int all = data.feedback().size();
    for (int i = 0; i < all; i++) {
      turns.add(new Turn(data.feedback().get(i), true));
      for (; unseen < (long) data.unseen().size() * (i + 1) / all; unseen++) {
        turns.add(new Turn(data.unseen().get(unseen), false));
      }
    }
    return turns;
  }

  private String send(LabeledReview review, String pass) {
    String id = ReviewIds.of(run, review.id(), pass);
    producer.send(
        topics.reviews(),
        id,
        new Review(id, review.text(), Limits.DEFAULT_ADAPTER, Instant.now(), Map.of()));
    reviews.incrementAndGet();
    return id;
  }

  /** Without the text: curation finds it by the review's id. */
  private void label(String id, LabeledReview review) {
    producer.send(
        topics.feedback(),
        id,
        new Feedback(
            null, id, null, review.label(), null, null, null, "demo-people", Instant.now()));
    feedback.incrementAndGet();
  }

  /** What people get wrong; each becomes a dead letter with its reason. */
  private void sendMistakes() {
    List<String> bad =
        List.of(
            "{\"text\":\"nice shop\",\"label\":\"purple\"}",
            "{\"text\":\"   \",\"label\":\"positive\"}",
            "{\"text\":\"nice shop\",\"label\":");
    for (String record : bad) {
      producer.sendBytes(topics.feedback(), null, record.getBytes(StandardCharsets.UTF_8));
      feedback.incrementAndGet();
    }
  }

  @Override
  public void close() {
    stopped = true;
    thread.interrupt();
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
