package dev.weir.standalone.rows;

import dev.weir.contract.event.LabelScheme;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Counts the labels that a file has and says whether they can be the scheme's.
 *
 * <p>A file whose labels are numbers is read by the scheme as a whole or not at all: of the stars 1
 * to 5 a scheme with the aliases 0 and 1 would take the ones, and take the worst for the best. For
 * one thread.
 */
public final class LabelCensus {

  private static final int KEPT = 1000;
  private static final int SHOWN = 12;

  private final Map<String, Long> found = new LinkedHashMap<>();
  private final Map<String, Long> unknown = new LinkedHashMap<>();
  private final Map<String, Long> canonical = new TreeMap<>();
  private boolean numbers = true;
  private double highestStars;
  private boolean partOfAStar;

  /** Takes a row's label: as it is written, and what it means or {@code null} for nothing. */
  public void take(String written, @Nullable String label) {
    count(found, written);
    boolean stars = written.endsWith(" stars");
    numbers &= !stars && LabelReader.number(written);
    if (label == null) {
      count(unknown, written);
      if (stars) {
        takeUnknownStars(written.substring(0, written.length() - " stars".length()));
      }
    } else {
      canonical.merge(label, 1L, Long::sum);
    }
  }

  private void takeUnknownStars(String written) {
    if (LabelReader.number(written)) {
      double stars = Double.parseDouble(written);
      highestStars = Math.max(highestStars, stars);
      partOfAStar |= stars > 0 && stars < 1;
    }
  }

  private static void count(Map<String, Long> counts, String key) {
    if (counts.containsKey(key) || counts.size() < KEPT) {
      counts.merge(key, 1L, Long::sum);
    }
  }

  /** How many rows have each label of the scheme. */
  public Map<String, Long> labels() {
    return new TreeMap<>(canonical);
  }

  /** Why no row of the file is to be used, or {@code null}. */
  public @Nullable String refusal(LabelScheme scheme) {
    if (unknown.isEmpty()) {
      return null;
    }
    if (canonical.isEmpty()) {
      return "has no label that is one of "
          + accepted(scheme)
          + "; found are "
          + shown(found)
          + ". Declare them in WEIR_ADAPTERS (adapter=label|alias@stars,…), or name another column"
          + " with --map label=COLUMN or --map stars=COLUMN";
    }
    double most =
        scheme.labels().stream()
            .filter(label -> label.minStars() <= label.maxStars())
            .mapToDouble(LabelScheme.Label::maxStars)
            .max()
            .orElse(0);
    if (highestStars > most || partOfAStar) {
      return "has stars of another scale than "
          + accepted(scheme)
          + " have, up to "
          + most
          + ", so none of them is taken for a label; found are "
          + shown(found)
          + ". Bring them to that scale, or declare what they mean in WEIR_ADAPTERS"
          + " (adapter=label@min-max,…)";
    }
    if (numbers) {
      return "has numbers for labels that are not all of "
          + accepted(scheme)
          + ", so none of them is taken for one; found are "
          + shown(found)
          + ". If they are stars, say --map stars=COLUMN; else declare them in WEIR_ADAPTERS as"
          + " aliases (adapter=label|alias,…)";
    }
    return null;
  }

  /** The labels found, for the line that follows single bad ones. */
  public String foundLabels() {
    return shown(found);
  }

  private static List<String> accepted(LabelScheme scheme) {
    return scheme.labels().stream()
        .map(
            label ->
                label.aliases().isEmpty()
                    ? label.name()
                    : label.name() + " (" + String.join(", ", label.aliases()) + ")")
        .toList();
  }

  private static String shown(Map<String, Long> counts) {
    List<String> parts = new ArrayList<>();
    counts.entrySet().stream()
        .limit(SHOWN)
        .forEach(
            entry -> {
              String label = entry.getKey();
              parts.add(
                  "'"
                      + (label.length() > 40 ? label.substring(0, 40) + "…" : label)
                      + "' ("
                      + entry.getValue()
                      + ")");
            });
    if (counts.size() > SHOWN) {
      parts.add((counts.size() - SHOWN) + (counts.size() == KEPT ? " or more" : "") + " others");
    }
    return String.join(", ", parts);
  }
}
