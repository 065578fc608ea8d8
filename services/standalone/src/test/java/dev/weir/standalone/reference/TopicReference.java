package dev.weir.standalone.reference;

import dev.weir.contract.event.Classification;
import dev.weir.contract.event.Example;
import dev.weir.contract.event.Feedback;
import dev.weir.contract.event.LabelRequest;
import dev.weir.contract.event.Review;
import dev.weir.contract.event.TrainingBatch;
import dev.weir.contract.event.TrainingEvent;
import dev.weir.contract.release.Champion;
import dev.weir.contract.release.Release;
import dev.weir.contract.release.ServingPlan;
import dev.weir.contract.topic.TopicSpec;
import dev.weir.contract.topic.Topics;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a client has to know of a topic beside its settings.
 *
 * @param spec name and settings
 * @param key what the records' keys are
 * @param events the records' types; none where they are another topic's original bytes
 * @param written who writes it
 * @param read who reads it, beside your own consumers; inference for its console, too
 */
record TopicReference(
    TopicSpec spec, String key, List<Class<?>> events, List<String> written, List<String> read) {

  private static final String YOU = "you";

  /** All topics, in the order in which they are provisioned, with default settings. */
  static List<TopicReference> all() {
    Topics topics = Topics.DEFAULT;
    Map<String, TopicReference> known = new LinkedHashMap<>();
    for (TopicSpec spec : topics.all(4, (short) 1)) {
      known.put(spec.name(), of(spec, topics));
    }
    return List.copyOf(known.values());
  }

  private static TopicReference of(TopicSpec spec, Topics topics) {
    String name = spec.name();
    if (name.equals(topics.reviews())) {
      return of(spec, "review id", Review.class, List.of(YOU), List.of("inference", "curation"));
    }
    if (name.equals(topics.classifications())) {
      return of(spec, "review id", Classification.class, List.of("inference"), List.of("curation"));
    }
    if (name.equals(topics.shadowClassifications())) {
      return of(spec, "review id", Classification.class, List.of("inference"), List.of());
    }
    if (name.equals(topics.feedback())) {
      return of(
          spec,
          "review id, or any",
          Feedback.class,
          List.of(YOU, "inference"),
          List.of("curation"));
    }
    if (name.equals(topics.examples())) {
      return of(
          spec,
          "adapter/text hash",
          Example.class,
          List.of("curation"),
          List.of("trainer", "inference"));
    }
    if (name.equals(topics.trainingBatches())) {
      return of(
          spec,
          "adapter",
          TrainingBatch.class,
          List.of("curation"),
          List.of("trainer", "inference"));
    }
    if (name.equals(topics.adapters())) {
      return new TopicReference(
          spec,
          "adapter@version of a Release, adapter of a Champion, adapter#plan of a ServingPlan",
          List.of(Release.class, Champion.class, ServingPlan.class),
          List.of("trainer", "inference"),
          List.of("trainer", "inference"));
    }
    if (name.equals(topics.labelRequests())) {
      return of(spec, "review id", LabelRequest.class, List.of("inference"), List.of("inference"));
    }
    if (name.equals(topics.trainingEvents())) {
      return of(spec, "adapter", TrainingEvent.class, List.of("trainer"), List.of("inference"));
    }
    if (name.equals(topics.deadLetters(topics.reviews()))) {
      return new TopicReference(spec, "as in reviews", List.of(), List.of("inference"), List.of());
    }
    if (name.equals(topics.deadLetters(topics.feedback()))) {
      return new TopicReference(spec, "as in feedback", List.of(), List.of("curation"), List.of());
    }
    throw new AssertionError("topic " + name + " has no entry in the reference; add it");
  }

  private static TopicReference of(
      TopicSpec spec, String key, Class<?> event, List<String> written, List<String> read) {
    return new TopicReference(spec, key, List.of(event), written, read);
  }
}
