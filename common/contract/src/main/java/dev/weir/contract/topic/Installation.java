package dev.weir.contract.topic;

/**
 * One Weir installation: a Kafka cluster and the prefix of its topics there. Its {@code adapters}
 * topic gives the version numbers of its adapters, so an adapter store belongs to one installation.
 *
 * @param cluster id of the Kafka cluster
 * @param prefix the topic prefix; empty for none
 */
public record Installation(String cluster, String prefix) {

  /** Both parts have to be there. */
  public Installation {
    if (cluster == null || cluster.isBlank() || prefix == null) {
      throw new IllegalArgumentException("an installation has a cluster and a topic prefix");
    }
  }

  @Override
  public String toString() {
    return "cluster %s with topic prefix '%s'".formatted(cluster, prefix);
  }
}
