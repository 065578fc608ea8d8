package dev.weir.inference.score;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The rows that were accepted and are with no worker: a queue per path, and those set aside until
 * their version is loaded, which count as waiting.
 *
 * <p>Bounded per path. Not thread-safe; the caller holds the batcher's lock.
 */
final class Backlog {

  /** An adapter has little waiting while it is this fraction of the capacity. */
  private static final int LITTLE = 16;

  /** The fraction of the capacity that such adapters may use beyond it. */
  private static final int RESERVE = 4;

  private final int capacity;
  private final Map<Source, TurnQueue> queues = new EnumMap<>(Source.class);
  private final Map<Source, Set<Row>> aside = new EnumMap<>(Source.class);

  /**
   * An empty backlog.
   *
   * @param capacity most rows that wait, per path; a quarter more for adapters that have little
   *     waiting
   */
  Backlog(int capacity) {
    this.capacity = capacity;
    for (Source source : Source.values()) {
      queues.put(source, new TurnQueue());
      aside.put(source, Collections.newSetFromMap(new IdentityHashMap<>()));
    }
  }

  /** Most rows of a path that may wait. */
  int capacity() {
    return capacity;
  }

  /** Rows of a path that wait, those set aside included. */
  int depth(Source source) {
    return queue(source).size() + aside(source).size();
  }

  private int depth(Source source, String adapter) {
    long setAside =
        aside(source).stream().filter(row -> row.query().adapter().equals(adapter)).count();
    return queue(source).size(adapter) + (int) setAside;
  }

  /**
   * Whether there is room for all of the queries. Behind a full queue some is kept for adapters
   * that have little waiting: a flood for one adapter must not have the others refused.
   */
  boolean fits(Source source, List<Query> queries) {
    int size = depth(source) + queries.size();
    if (size <= capacity) {
      return true;
    }
    return size <= capacity + capacity / RESERVE
        && queries.stream()
            .allMatch(
                query -> depth(source, query.adapter()) + queries.size() <= capacity / LITTLE);
  }

  void add(Row row) {
    queue(row.source()).add(row);
  }

  /** Keeps a row out of the queue until {@link #takeBack}. */
  void setAside(Row row) {
    aside(row.source()).add(row);
  }

  /** Ends a row's being set aside; false when it no longer was. */
  boolean takeBack(Row row) {
    return aside(row.source()).remove(row);
  }

  /** Puts a row in front: it was next when it was set aside. */
  void addFirst(Row row) {
    queue(row.source()).addFirst(row);
  }

  /** Rows that a worker could take and that are to be answered. */
  int ready() {
    return Source.ANSWERED.stream().mapToInt(source -> queue(source).size()).sum();
  }

  /** Whether rows are set aside. */
  boolean hasSetAside() {
    return aside.values().stream().anyMatch(rows -> !rows.isEmpty());
  }

  /** The rows of one path that a worker could take. */
  TurnQueue queue(Source source) {
    TurnQueue queue = queues.get(source);
    if (queue == null) {
      throw new IllegalStateException("no queue for " + source);
    }
    return queue;
  }

  private Set<Row> aside(Source source) {
    return aside.getOrDefault(source, Set.of());
  }

  /** Takes everything out. */
  List<Row> drain() {
    List<Row> all = new ArrayList<>();
    queues.values().forEach(queue -> all.addAll(queue.drain()));
    aside.values().forEach(all::addAll);
    aside.values().forEach(Set::clear);
    return all;
  }
}
