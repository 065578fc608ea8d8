package dev.weir.inference.score;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The texts of one path that wait, in a queue per adapter; the adapters take turns.
 *
 * <p>An adapter for which a text comes when none of its waited is last in turn: with {@code n}
 * adapters waiting it is served by the {@code n}-th turn from then on, however much the others have
 * waiting. Not thread-safe; the caller holds the lock of the queues.
 */
final class TurnQueue {

  /** In the order of their turns; an adapter without texts is not in it. */
  private final Map<String, Deque<Row>> waiting = new LinkedHashMap<>();

  private int size;

  void add(Row row) {
    waiting.computeIfAbsent(adapter(row), name -> new ArrayDeque<>()).add(row);
    size++;
  }

  /** Puts a text back that had its turn, in front of all: its adapter's turn is next. */
  void addFirst(Row row) {
    String adapter = adapter(row);
    if (isEmpty() || !waiting.keySet().iterator().next().equals(adapter)) {
      Map<String, Deque<Row>> others = new LinkedHashMap<>(waiting);
      Deque<Row> rows = others.remove(adapter);
      waiting.clear();
      waiting.put(adapter, rows == null ? new ArrayDeque<>() : rows);
      waiting.putAll(others);
    }
    waiting.values().iterator().next().addFirst(row);
    size++;
  }

  /** The texts that wait, of all adapters. */
  int size() {
    return size;
  }

  boolean isEmpty() {
    return size == 0;
  }

  /** The texts of one adapter that wait. */
  int size(String adapter) {
    Deque<Row> rows = waiting.get(adapter);
    return rows == null ? 0 : rows.size();
  }

  /** Takes the oldest text of the adapter whose turn it is, and ends the turn. */
  @Nullable Row poll() {
    Iterator<Map.Entry<String, Deque<Row>>> turns = waiting.entrySet().iterator();
    if (!turns.hasNext()) {
      return null;
    }
    Map.Entry<String, Deque<Row>> turn = turns.next();
    String adapter = turn.getKey();
    Deque<Row> rows = turn.getValue();
    turns.remove();
    Row oldest = rows.remove();
    size--;
    if (!rows.isEmpty()) {
      waiting.put(adapter, rows);
    }
    return oldest;
  }

  /** The first {@code limit} texts in rounds: the oldest of each adapter, then their seconds, … */
  List<Row> first(int limit) {
    List<Row> first = new ArrayList<>(Math.min(limit, size));
    List<Iterator<Row>> round = new ArrayList<>();
    for (Deque<Row> rows : waiting.values()) {
      if (round.size() >= limit) {
        break;
      }
      round.add(rows.iterator());
    }
    while (!round.isEmpty()) {
      for (Iterator<Row> rows : round) {
        if (first.size() >= limit) {
          return first;
        }
        first.add(rows.next());
      }
      round.removeIf(rows -> !rows.hasNext());
    }
    return first;
  }

  /** Takes a text out wherever it is; says whether it was there. */
  boolean remove(Row row) {
    Deque<Row> rows = waiting.get(adapter(row));
    if (rows == null || !rows.removeFirstOccurrence(row)) {
      return false;
    }
    size--;
    if (rows.isEmpty()) {
      waiting.remove(adapter(row));
    }
    return true;
  }

  /** Takes everything out. */
  List<Row> drain() {
    List<Row> all = new ArrayList<>(size);
    waiting.values().forEach(all::addAll);
    waiting.clear();
    size = 0;
    return all;
  }

  private static String adapter(Row row) {
    return row.query().adapter();
  }
}
