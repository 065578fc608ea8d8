package dev.weir.inference.score;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The texts of one path that wait: the clients take turns, within a client its adapters, within an
 * adapter the requests.
 *
 * <p>Turns between clients follow start-time fair queueing (Goyal, Vin and Cheng 1996): each client
 * has a tag, the tokens it was given so far, and the lowest tag is next. A client for which a text
 * comes when none of its waited starts before the tag of the last turn, so its turn is next
 * whatever the others have waiting; one that had more than its share a moment ago starts where it
 * stood, so that many small requests gain nothing over a large one. Within a client, {@code n}
 * adapters wait {@code n} turns at most for one another, and so do the requests of an adapter.
 *
 * <p>Clients are remembered only while they wait or are ahead of the others, {@link #MOST_IDLE} of
 * those at most. Not thread-safe; the caller holds the lock of the queues.
 */
final class TurnQueue {

  /** Clients without a text that are remembered for having had more than their share. */
  static final int MOST_IDLE = 4096;

  private static final int FEW_IDLE = 64;

  private final Map<String, Client> clients = new HashMap<>();
  private final TreeSet<Client> waiting =
      new TreeSet<>(
          Comparator.<Client>comparingLong(client -> client.tag)
              .thenComparingLong(client -> client.tokens)
              .thenComparingLong(client -> client.since));

  /** The tag of the last turn: newcomers start right before it. */
  private long now;

  private long arrivals;
  private int forgetBeyond = FEW_IDLE;
  private int size;

  void add(Row row) {
    Client client = waitingNoMore(row);
    if (client.size == 0) {
      client.tag = Math.max(client.tag, now - 1);
    }
    client.requests(row).computeIfAbsent(row.submission(), any -> new ArrayDeque<>()).add(row);
    grown(client, row);
  }

  /**
   * Puts a text back that had its turn, in front of all that its client has waiting, and gives back
   * what it was charged. However many come back at once, the client is one text ahead of the others
   * at most: texts for adapters that are evicted gain nothing either.
   */
  void addFirst(Row row) {
    Client client = waitingNoMore(row);
    client.tag = Math.max(client.tag, now) - row.length();
    String adapter = row.query().adapter();
    Map<Submission, Deque<Row>> requests = front(client.adapters, adapter, new LinkedHashMap<>());
    front(requests, row.submission(), new ArrayDeque<>()).addFirst(row);
    grown(client, row);
  }

  /** The texts that wait, of all clients. */
  int size() {
    return size;
  }

  boolean isEmpty() {
    return size == 0;
  }

  /** The texts of one client that wait. */
  int size(String client) {
    Client known = clients.get(client);
    return known == null ? 0 : known.size;
  }

  /** The texts of one client for one adapter that wait. */
  int size(String client, String adapter) {
    Client known = clients.get(client);
    Map<Submission, Deque<Row>> requests = known == null ? null : known.adapters.get(adapter);
    return requests == null ? 0 : requests.values().stream().mapToInt(Deque::size).sum();
  }

  /** The tokens of one client that wait. */
  long tokens(Row row) {
    Client known = clients.get(row.submission().caller().client());
    return known == null ? 0 : known.tokens;
  }

  /** The clients that wait. */
  int clients() {
    return waiting.size();
  }

  /** The clients that are remembered, those without a text included. */
  int remembered() {
    return clients.size();
  }

  /** Takes the oldest text of the client, adapter and request whose turn it is; ends the turns. */
  @Nullable Row poll() {
    if (waiting.isEmpty()) {
      return null;
    }
    Client client = waiting.first();
    now = Math.max(now, client.tag);
    Map.Entry<String, Map<Submission, Deque<Row>>> adapter =
        client.adapters.entrySet().iterator().next();
    Map<Submission, Deque<Row>> requests = adapter.getValue();
    Map.Entry<Submission, Deque<Row>> request = requests.entrySet().iterator().next();
    Row oldest = request.getValue().remove();
    last(requests, request.getKey(), request.getValue(), request.getValue().isEmpty());
    last(client.adapters, adapter.getKey(), requests, requests.isEmpty());
    taken(client, oldest);
    return oldest;
  }

  /**
   * The first {@code limit} texts in rounds: one of each client in the order of their turns, then
   * their seconds, …
   */
  List<Row> first(int limit) {
    List<Row> first = new ArrayList<>(Math.min(limit, size));
    List<Iterator<Row>> all = new ArrayList<>(Math.min(limit, waiting.size()));
    for (Client client : waiting) {
      if (all.size() >= limit) {
        break;
      }
      all.add(client.rows());
    }
    for (Iterator<Row> rows = rounds(all); rows.hasNext() && first.size() < limit; ) {
      first.add(rows.next());
    }
    return first;
  }

  /** Takes a text out wherever it is; says whether it was there. */
  boolean remove(Row row) {
    Client client = clients.get(row.submission().caller().client());
    String adapter = row.query().adapter();
    Map<Submission, Deque<Row>> requests = client == null ? null : client.adapters.get(adapter);
    Deque<Row> rows = requests == null ? null : requests.get(row.submission());
    if (client == null || requests == null || rows == null || !rows.removeFirstOccurrence(row)) {
      return false;
    }
    if (rows.isEmpty()) {
      requests.remove(row.submission());
    }
    if (requests.isEmpty()) {
      client.adapters.remove(adapter);
    }
    taken(client, row);
    return true;
  }

  /** Takes out all that one caller has waiting. */
  List<Row> leave(Caller caller) {
    List<Row> gone = new ArrayList<>();
    Client client = clients.get(caller.client());
    if (client != null) {
      waiting.remove(client);
      for (Map<Submission, Deque<Row>> requests : client.adapters.values()) {
        requests
            .entrySet()
            .removeIf(
                request -> {
                  boolean left = request.getKey().caller() == caller;
                  if (left) {
                    gone.addAll(request.getValue());
                  }
                  return left;
                });
      }
      client.adapters.values().removeIf(Map::isEmpty);
      size -= gone.size();
      client.size -= gone.size();
      client.tokens -= gone.stream().mapToLong(Row::length).sum();
      settle(client);
    }
    return gone;
  }

  /** Takes everything out. */
  List<Row> drain() {
    List<Row> all = new ArrayList<>(size);
    waiting.forEach(client -> client.rows().forEachRemaining(all::add));
    waiting.clear();
    clients.clear();
    now = 0;
    size = 0;
    return all;
  }

  /** The client of a row, out of line until its tag is right. */
  private Client waitingNoMore(Row row) {
    Client client =
        clients.computeIfAbsent(row.submission().caller().client(), name -> new Client(name, now));
    if (client.size > 0) {
      waiting.remove(client);
    } else {
      client.since = arrivals++;
    }
    return client;
  }

  private void grown(Client client, Row row) {
    size++;
    client.size++;
    client.tokens += row.length();
    waiting.add(client);
  }

  /** Charges a client for a text that a worker takes. */
  private void taken(Client client, Row row) {
    waiting.remove(client);
    client.tag += row.length();
    size--;
    client.size--;
    client.tokens -= row.length();
    settle(client);
  }

  private void settle(Client client) {
    if (client.size > 0) {
      waiting.add(client);
    } else if (waiting.isEmpty()) {
      clients.clear(); // Nobody is owed anything.
      now = 0;
    } else if (client.tag <= now) {
      clients.remove(client.name);
    } else if (clients.size() - waiting.size() > forgetBeyond) {
      forget();
    }
  }

  /** Forgets the idle clients that the others have caught up with; all of them if too many are. */
  private void forget() {
    clients.values().removeIf(client -> client.size == 0 && client.tag <= now);
    if (clients.size() - waiting.size() > MOST_IDLE) {
      clients.values().removeIf(client -> client.size == 0);
    }
    int idle = clients.size() - waiting.size();
    forgetBeyond = Math.min(MOST_IDLE, Math.max(FEW_IDLE, 2 * idle));
  }

  /** Ends a key's turn: it is the last of those that have something. */
  private static <K, V> void last(Map<K, V> turns, K key, V value, boolean empty) {
    if (empty) {
      turns.remove(key);
    } else if (turns.size() > 1) {
      turns.remove(key);
      turns.put(key, value);
    }
  }

  /** Makes it a key's turn; the value is its own, or {@code fresh} when it has none. */
  private static <K, V> V front(Map<K, V> turns, K key, V fresh) {
    Map<K, V> others = new LinkedHashMap<>(turns);
    V own = others.remove(key);
    V value = own == null ? fresh : own;
    turns.clear();
    turns.put(key, value);
    turns.putAll(others);
    return value;
  }

  private static Iterator<Row> rounds(List<Iterator<Row>> all) {
    return all.size() == 1 ? all.get(0) : new Rounds(all);
  }

  /** What one client has waiting, by adapter and request, each in the order of their turns. */
  private static final class Client {

    private final String name;
    private final Map<String, Map<Submission, Deque<Row>>> adapters = new LinkedHashMap<>();
    private long tag;
    private long since;
    private int size;
    private long tokens;

    Client(String name, long tag) {
      this.name = name;
      this.tag = tag;
    }

    Map<Submission, Deque<Row>> requests(Row row) {
      return adapters.computeIfAbsent(row.query().adapter(), any -> new LinkedHashMap<>());
    }

    Iterator<Row> rows() {
      List<Iterator<Row>> each = new ArrayList<>(adapters.size());
      for (Map<Submission, Deque<Row>> requests : adapters.values()) {
        List<Iterator<Row>> rows = new ArrayList<>(requests.size());
        requests.values().forEach(request -> rows.add(request.iterator()));
        each.add(rounds(rows));
      }
      return rounds(each);
    }
  }

  /** The firsts of several, then their seconds, … */
  private static final class Rounds implements Iterator<Row> {

    private final Deque<Iterator<Row>> turns;

    Rounds(List<Iterator<Row>> all) {
      turns = new ArrayDeque<>(all);
    }

    @Override
    public boolean hasNext() {
      return !turns.isEmpty();
    }

    @Override
    public Row next() {
      Iterator<Row> turn = turns.poll();
      if (turn == null) {
        throw new NoSuchElementException();
      }
      Row row = turn.next();
      if (turn.hasNext()) {
        turns.add(turn);
      }
      return row;
    }
  }
}
