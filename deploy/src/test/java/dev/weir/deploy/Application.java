package dev.weir.deploy;

import static org.awaitility.Awaitility.await;

import dev.weir.contract.event.Feedback;
import dev.weir.contract.event.Review;
import dev.weir.contract.release.AdapterRecord;
import dev.weir.contract.release.Release;
import dev.weir.contract.topic.Topics;
import dev.weir.standalone.loop.EventProducer;
import dev.weir.standalone.loop.TopicReader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** An application of Weir: it asks, corrects, and waits for what comes of it. */
final class Application {

  private static final Duration SOON = Duration.ofMinutes(5);
  private static final Topics TOPICS = Topics.DEFAULT;
  private static final int REVIEWS = 64;

  private Application() {}

  /**
   * Sends as many reviews with their labels as close a batch, and one record that is no feedback.
   *
   * @param app properties of the application's clients
   * @param trainer those of one that may read the adapters
   * @return the first decision
   */
  static Release run(Map<String, Object> app, Map<String, Object> trainer) {
    try (EventProducer producer = new EventProducer(app);
        TopicReader answers = TopicReader.open(app, List.of(TOPICS.classifications()), true);
        TopicReader adapters = TopicReader.open(trainer, List.of(TOPICS.adapters()), true)) {
      for (int i = 0; i < REVIEWS; i++) {
        boolean good = i % 2 == 0;
        String text =
            good
                ? "Visit " + i + ": the soup was delicious and everybody was charming."
                : "Visit " + i + ": cold food, a dirty table and a rude host.";
        String label = good ? "positive" : "negative";
        producer.send(TOPICS.reviews(), "r" + i, Review.of("r" + i, text));
        producer.send(
            TOPICS.feedback(), "r" + i, Feedback.labeled("r" + i, text, label, "deploy-test"));
      }
      producer.send(TOPICS.feedback(), "bad", Map.of("reviewId", "bad"));
      producer.flush();
      List<Object> answered = new ArrayList<>();
      await("answers")
          .atMost(SOON)
          .until(
              () -> {
                answered.addAll(answers.poll(Duration.ofMillis(200)));
                return answered.size() >= REVIEWS;
              });
      List<Release> releases = new ArrayList<>();
      await("the trainer's first decision")
          .atMost(SOON)
          .until(
              () -> {
                adapters
                    .poll(Duration.ofMillis(200))
                    .forEach(
                        each ->
                            AdapterRecord.read(each.key(), each.value())
                                .ifPresent(
                                    record -> {
                                      if (record instanceof AdapterRecord.Released released) {
                                        releases.add(released.release());
                                      }
                                    }));
                return !releases.isEmpty();
              });
      return releases.get(0);
    }
  }
}
