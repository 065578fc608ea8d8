package dev.weir.inference.score;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * The rows that were accepted and are with no worker: a queue per path, and those set aside until
 * their version is loaded, which count as waiting.
 *
 * <p>Bounded per path. Not thread-safe; the caller holds the batcher's lock.
 */
final class Backlog {

  private static final int HALF = 2;

  /** A client has little waiting while it is this fraction of the capacity. */
  private static final int LITTLE = 16;

  /** The fraction of the capacity that such clients may use beyond it. */
  private static final int RESERVE = 4;

  private final int capacity;
  private final Map<Source, TurnQueue> queues = new EnumMap<>(Source.class);
  private final Map<Source, Set<Row>> aside = new EnumMap<>(Source.class);

  /**
   * Rows whose version is out of order, in the order of their turns; bounded by what the streams
   * have under way.
   */
  private final IdentityHashMap<Suspension, Set<Row>> stopped = new IdentityHashMap<>();

  /**
   * An empty backlog.
   *
   * @param capacity most rows that wait, per path; a quarter more for clients that have little
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

  /**
   * Whether there is room for texts for these adapters, for all of them.
   *
   * <p>A client that has something waiting may fill half of the queue while others wait, too.
   * Behind a full queue a quarter more is kept for clients that have little waiting, and half of
   * that for a client's adapters that have: a flood must not have the others refused.
   */
  boolean fits(Caller caller, List<String> adapters) {
    Source source = caller.source();
    int rows = adapters.size();
    if (rows == 0) {
      return true;
    }
    int before = depth(source);
    int own = depth(source, row -> true, queue(source).size(caller.client()), caller);
    if (before + rows <= capacity
        && (own == 0 || own == before || own + rows <= capacity / HALF || source == Source.KAFKA)) {
      return true;
    }
    int little = capacity / LITTLE;
    int beyond = before + rows - capacity;
    if (own + rows <= little) {
      return beyond <= capacity / RESERVE;
    }
    return beyond <= capacity / RESERVE / HALF
        && adapters.stream().distinct().allMatch(adapter -> own(caller, adapter) + rows <= little);
  }

  private int own(Caller caller, String adapter) {
    return depth(
        caller.source(),
        row -> row.query().adapter().equals(adapter),
        queue(caller.source()).size(caller.client(), adapter),
        caller);
  }

  private int depth(Source source, Predicate<Row> which, int queued, Caller caller) {
    Set<Row> rows = aside(source);
    if (rows.isEmpty()) {
      return queued;
    }
    long setAside =
        rows.stream()
            .filter(row -> row.submission().caller().client().equals(caller.client()))
            .filter(which)
            .count();
    return queued + (int) setAside;
  }

  void add(Row row) {
    queue(row.source()).add(row);
  }

  /** Keeps a row out of the queue until {@link #takeBack}. */
  void setAside(Row row) {
    aside(row.source()).add(row);
  }

  /**
   * Keeps rows out of the queue until {@link #takeBack(Suspension)}, where they take no room from
   * others and keep nobody from closing.
   *
   * @return whether they are the first of this suspension
   */
  boolean stop(Suspension suspension, List<Row> rows) {
    Set<Row> known = stopped.get(suspension);
    if (known == null) {
      stopped.put(suspension, new LinkedHashSet<>(rows));
      return true;
    }
    known.addAll(rows);
    return false;
  }

  /** Ends a row's being set aside; false when it no longer was. */
  boolean takeBack(Row row) {
    return aside(row.source()).remove(row);
  }

  /** Ends the waiting for a version; those rows that still waited, in the order of their turns. */
  List<Row> takeBack(Suspension suspension) {
    Set<Row> rows = stopped.remove(suspension);
    return rows == null ? List.of() : List.copyOf(rows);
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

  /** Takes out all that one caller has waiting, what is set aside included. */
  List<Row> leave(Caller caller) {
    List<Row> gone = queue(caller.source()).leave(caller);
    leave(caller, aside(caller.source()), gone);
    stopped.values().forEach(rows -> leave(caller, rows, gone));
    return gone;
  }

  private static void leave(Caller caller, Set<Row> rows, List<Row> gone) {
    rows.removeIf(
        row -> {
          boolean left = row.submission().caller() == caller;
          if (left) {
            gone.add(row);
          }
          return left;
        });
  }

  /** Takes everything out. */
  List<Row> drain() {
    List<Row> all = new ArrayList<>();
    queues.values().forEach(queue -> all.addAll(queue.drain()));
    aside.values().forEach(all::addAll);
    aside.values().forEach(Set::clear);
    stopped.values().forEach(all::addAll);
    stopped.clear();
    return all;
  }
}
