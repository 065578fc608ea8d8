package dev.weir.standalone.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The rows that could not be used: the first few of each kind with their line, the others by count.
 *
 * <p>For one thread; memory does not grow with the rows.
 */
final class BadRows {

  private static final int SHOWN = 3;
  private static final int KINDS = 20;
  private static final Pattern PARTICULAR = Pattern.compile("'[^']*'|\\d+");

  private final Map<String, Kind> kinds = new LinkedHashMap<>();
  private long count;

  private static final class Kind {
    private final List<String> first = new ArrayList<>();
    private long count;
  }

  void add(long line, String problem) {
    count++;
    String key = PARTICULAR.matcher(problem).replaceAll("…");
    if (!kinds.containsKey(key) && kinds.size() >= KINDS) {
      key = "other";
    }
    Kind kind = kinds.computeIfAbsent(key, unused -> new Kind());
    kind.count++;
    if (kind.first.size() < SHOWN) {
      kind.first.add("line " + line + ": " + problem);
    }
  }

  long count() {
    return count;
  }

  /** Tells them; one line when all rows of the file are bad in one way. */
  void print(String file, long good, PrintWriter err) {
    for (Kind kind : kinds.values()) {
      if (good == 0 && kinds.size() == 1 && kind.count > 1) {
        err.println(
            "%s has no usable row; all %d are like %s"
                .formatted(file, kind.count, kind.first.get(0)));
        continue;
      }
      kind.first.forEach(problem -> err.println(file + " " + problem));
      if (kind.count > kind.first.size()) {
        err.println("%s: %d more rows like these".formatted(file, kind.count - kind.first.size()));
      }
    }
    err.flush();
  }
}
