package dev.weir.inference.feed;

import dev.weir.common.topic.Topics;
import java.util.Map;

/**
 * The feeds that are offered to listeners.
 *
 * @param classifications answers to reviews
 * @param adapters releases and champions
 * @param training events of running trainings
 */
public record Feeds(TopicFeed classifications, TopicFeed adapters, TopicFeed training)
    implements AutoCloseable {

  /** The feeds of one installation; whoever made them closes them. */
  public static Feeds of(Map<String, Object> kafka, Topics topics) {
    return new Feeds(
        new TopicFeed(kafka, topics.classifications()),
        new TopicFeed(kafka, topics.adapters()),
        new TopicFeed(kafka, topics.trainingEvents()));
  }

  @Override
  public void close() {
    training.close();
    adapters.close();
    classifications.close();
  }
}
