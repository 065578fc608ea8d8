package dev.weir.service.kafka;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeTopicsOptions;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/**
 * Asks the broker what a topic is: its id, which another topic of the same name does not have, and
 * its partitions.
 */
public final class TopicLook {

  private TopicLook() {}

  /**
   * The topic as it is now.
   *
   * @throws KafkaException if the broker does not answer in time, or there is no such topic
   */
  public static TopicDescription at(Admin admin, String topic, Duration timeout) {
    try {
      return Objects.requireNonNull(
          admin
              .describeTopics(
                  List.of(topic), new DescribeTopicsOptions().timeoutMs((int) timeout.toMillis()))
              .allTopicNames()
              .get(timeout.toMillis(), TimeUnit.MILLISECONDS)
              .get(topic));
    } catch (ExecutionException e) {
      if (e.getCause() instanceof UnknownTopicOrPartitionException) {
        throw new KafkaException(
            "there is no topic "
                + topic
                + "; it was deleted: restore it, or restart a Weir process, which creates it",
            e.getCause());
      }
      throw new KafkaException("topic " + topic + " cannot be described", e.getCause());
    } catch (java.util.concurrent.TimeoutException e) {
      throw new TimeoutException("topic " + topic + " is not described in time", e);
    } catch (InterruptedException e) {
      throw new InterruptException(e);
    }
  }
}
