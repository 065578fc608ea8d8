package dev.weir.service.process;

import dev.weir.contract.topic.TopicSpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Creates the topics that are missing and waits until every partition answers.
 *
 * <p>Existing topics are left as they are: partitions and settings are their operator's. The wait
 * matters: a first producer that meets a partition without a leader can get stuck in out-of-order
 * errors. Safe to run from many processes at once. Not thread-safe; the caller closes the {@link
 * Admin}.
 */
public final class TopicProvisioner {

  private static final Logger LOG = LoggerFactory.getLogger(TopicProvisioner.class);

  private final Admin admin;
  private final Duration timeout;

  /** Provisions through {@code admin}, giving up after {@code timeout}. */
  public TopicProvisioner(Admin admin, Duration timeout) {
    this.admin = admin;
    this.timeout = timeout;
  }

  /**
   * Creates what is missing of {@code specs} and waits until all of them answer.
   *
   * @throws BrokerUnavailableException if the broker does not answer in time, or refuses
   */
  public void ensure(List<TopicSpec> specs) {
    long deadline = System.nanoTime() + timeout.toNanos();
    for (TopicSpec spec : missing(specs, deadline)) {
      create(spec, deadline);
    }
    awaitLeaders(specs, deadline);
  }

  /**
   * Asked first, so that a service whose topics somebody else has made needs no right to make them.
   */
  private List<TopicSpec> missing(List<TopicSpec> specs, long deadline) {
    Map<String, KafkaFuture<TopicDescription>> found =
        admin.describeTopics(specs.stream().map(TopicSpec::name).toList()).topicNameValues();
    List<TopicSpec> missing = new ArrayList<>();
    for (TopicSpec spec : specs) {
      try {
        await(Objects.requireNonNull(found.get(spec.name())), deadline);
      } catch (ExecutionException e) {
        // Also one that may not be seen: then its creation says what is not allowed.
        LOG.debug("topic {} is not there yet: {}", spec.name(), String.valueOf(e.getCause()));
        missing.add(spec);
      } catch (TimeoutException e) {
        throw timedOut("describe topic " + spec.name(), e);
      }
    }
    return missing;
  }

  private void create(TopicSpec spec, long deadline) {
    NewTopic topic =
        new NewTopic(spec.name(), spec.partitions(), spec.replication()).configs(spec.config());
    try {
      await(admin.createTopics(List.of(topic)).all(), deadline);
      LOG.info("created topic {} with {} partitions", spec.name(), spec.partitions());
    } catch (ExecutionException e) {
      if (!(e.getCause() instanceof TopicExistsException)) {
        throw new BrokerUnavailableException(
            "cannot create topic "
                + spec.name()
                + ": "
                + e.getCause()
                + "; create it by hand, or give this user the right to create topics",
            e);
      }
    } catch (TimeoutException e) {
      throw timedOut("create topic " + spec.name(), e);
    }
  }

  private void awaitLeaders(List<TopicSpec> specs, long deadline) {
    List<String> names = specs.stream().map(TopicSpec::name).toList();
    while (true) {
      try {
        Map<String, TopicDescription> found =
            await(admin.describeTopics(names).allTopicNames(), deadline);
        Map<TopicPartition, OffsetSpec> ends = new HashMap<>();
        found.forEach(
            (name, description) ->
                description
                    .partitions()
                    .forEach(
                        p ->
                            ends.put(
                                new TopicPartition(name, p.partition()), OffsetSpec.latest())));
        await(admin.listOffsets(ends).all(), deadline);
        return;
      } catch (ExecutionException e) {
        if (!(e.getCause() instanceof RetriableException)) {
          throw new BrokerUnavailableException(
              "topics " + new ArrayList<>(names) + " do not answer: " + e.getCause(), e);
        }
      } catch (TimeoutException e) {
        throw timedOut("list the topics' offsets", e);
      }
    }
  }

  private <T> T await(KafkaFuture<T> future, long deadline)
      throws ExecutionException, TimeoutException {
    try {
      return future.get(Math.max(1, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BrokerUnavailableException("interrupted while waiting for the broker", e);
    }
  }

  private BrokerUnavailableException timedOut(String doing, TimeoutException cause) {
    return new BrokerUnavailableException(
        "the broker did not answer within "
            + timeout.toSeconds()
            + " s, trying to "
            + doing
            + "; check that it runs and that --bootstrap-servers (WEIR_BOOTSTRAP_SERVERS) names it",
        cause);
  }
}
