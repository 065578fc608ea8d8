package dev.weir.inference.score;

import java.util.Objects;

/**
 * Who asks for answers: one request of one client.
 *
 * <p>Clients take turns ({@link TurnQueue}), so the client is whoever must not hold up others: over
 * HTTP an API key, else an address; over Kafka a partition. A caller whose client went away has
 * {@linkplain Classifier#leave left}: his texts are not scored. Compared by identity. Thread-safe.
 */
public final class Caller {

  private final Source source;
  private final String client;
  private volatile boolean gone;

  private Caller(Source source, String client) {
    this.source = source;
    this.client = Objects.requireNonNull(client);
  }

  /**
   * A request over HTTP.
   *
   * @param client the name of the API key or the address that it came from
   */
  public static Caller http(String client) {
    return new Caller(Source.HTTP, client);
  }

  /**
   * The reviews of one poll from one partition.
   *
   * @param partition the topic and the number of the partition
   */
  public static Caller kafka(String partition) {
    return new Caller(Source.KAFKA, partition);
  }

  /** Texts that shadows score after they were answered over HTTP. */
  static Caller shadow() {
    return new Caller(Source.SHADOW, "shadow");
  }

  /** The path that the texts come by. */
  public Source source() {
    return source;
  }

  /** The client that takes turns with others of the same path. */
  String client() {
    return client;
  }

  /** Whether nobody waits for the answers any more. */
  boolean gone() {
    return gone;
  }

  void leave() {
    gone = true;
  }

  @Override
  public String toString() {
    return source.id() + " client " + client;
  }
}
