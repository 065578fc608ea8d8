package dev.weir.service.config;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The settings of a process, read once from its environment: all problems are found before anything
 * starts.
 *
 * <p>Immutable. A service declares its {@link Setting}s in one list; a process that runs several
 * services reads the union.
 */
public final class Settings {

  /** Every variable under this prefix must be a known one. */
  public static final String PREFIX = "WEIR_";

  /** Letters that a slip of the finger changes. */
  private static final int TYPO = 2;

  private static final int LIKELY = 4;
  private static final int SUGGESTED = 3;

  private final Map<Setting<?>, Object> values;
  private final Map<String, String> written;

  private Settings(Map<Setting<?>, Object> values, Map<String, String> written) {
    this.values = values;
    this.written = written;
  }

  /**
   * Reads settings.
   *
   * @param declared what the process knows
   * @param environment variables by name; those without {@link #PREFIX} are ignored
   * @throws SettingsException naming every bad value and every unknown name under the prefix
   */
  public static Settings read(
      Collection<? extends Setting<?>> declared, Map<String, String> environment) {
    List<String> problems = new ArrayList<>();
    Map<Setting<?>, Object> values = new HashMap<>();
    Map<String, String> written = new TreeMap<>();
    for (Setting<?> setting : declared) {
      String value = environment.getOrDefault(setting.name(), setting.defaultValue());
      written.put(setting.name(), setting.secret() && !value.isEmpty() ? "****" : value);
      try {
        values.put(setting, setting.parser().apply(value));
      } catch (IllegalArgumentException e) {
        String problem = setting.secret() ? "has a value that is not accepted" : e.getMessage();
        problems.add(setting.name() + " " + problem + " (" + setting.description() + ")");
      }
    }
    environment.keySet().stream()
        .filter(name -> name.startsWith(PREFIX) && !written.containsKey(name))
        .sorted()
        .forEach(name -> problems.add(unknown(name, written.keySet())));
    if (!problems.isEmpty()) {
      throw new SettingsException(problems);
    }
    return new Settings(values, written);
  }

  /**
   * The value of a setting.
   *
   * @throws IllegalArgumentException if the process did not declare it
   */
  @SuppressWarnings("unchecked") // the map was filled by the setting's own parser
  public <T> T get(Setting<T> setting) {
    Object value = values.get(setting);
    if (value == null) {
      throw new IllegalArgumentException(setting.name() + " is not declared by this process");
    }
    return (T) value;
  }

  /** The effective settings by name, secrets masked; for the log. */
  public Map<String, String> effective() {
    return Map.copyOf(written);
  }

  private static String unknown(String name, Collection<String> known) {
    Set<String> words = words(name);
    // A name with a part left out is nearer to what was meant than one of as many letters.
    List<String> longer =
        known.stream()
            .filter(candidate -> words(candidate).containsAll(words))
            .sorted(nearestTo(name))
            .limit(SUGGESTED)
            .toList();
    String nearest = known.stream().min(nearestTo(name)).orElse(name);
    int distance = EditDistance.between(name, nearest);
    if (distance > TYPO && !longer.isEmpty()) {
      return name + " is not a setting; did you mean " + String.join(" or ", longer) + "?";
    }
    return distance <= LIKELY
        ? name + " is not a setting; did you mean " + nearest + "?"
        : name + " is not a setting; remove it, or see weir settings (docs/settings.md)";
  }

  private static Comparator<String> nearestTo(String name) {
    return Comparator.<String>comparingInt(candidate -> EditDistance.between(name, candidate))
        .thenComparing(Comparator.naturalOrder());
  }

  private static Set<String> words(String name) {
    return new HashSet<>(Arrays.asList(name.split("_", -1)));
  }
}
