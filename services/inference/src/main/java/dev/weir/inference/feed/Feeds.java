package dev.weir.inference.feed;

import dev.weir.contract.topic.Topics;
import java.util.List;
import java.util.Map;

/**
 * The feeds that are offered to listeners.
 *
 * @param reviews texts to classify
 * @param classifications answers to reviews
 * @param labelRequests reviews that a person should label next
 * @param examples labels that were accepted into the data set
 * @param batches closed batches of them
 * @param training events of running trainings
 * @param adapters releases, champions and plans
 */
public record Feeds(
    TopicFeed reviews,
    TopicFeed classifications,
    TopicFeed labelRequests,
    TopicFeed examples,
    TopicFeed batches,
    TopicFeed training,
    TopicFeed adapters)
    implements AutoCloseable {

  /** The feeds of one installation; whoever made them closes them. */
  public static Feeds of(Map<String, Object> kafka, Topics topics) {
    return new Feeds(
        new TopicFeed(kafka, topics.reviews()),
        new TopicFeed(kafka, topics.classifications()),
        new TopicFeed(kafka, topics.labelRequests()),
        new TopicFeed(kafka, topics.examples()),
        new TopicFeed(kafka, topics.trainingBatches()),
        new TopicFeed(kafka, topics.trainingEvents()),
        new TopicFeed(kafka, topics.adapters()));
  }

  @Override
  public void close() {
    List.of(adapters, training, batches, examples, labelRequests, classifications, reviews)
        .forEach(TopicFeed::close);
  }
}
