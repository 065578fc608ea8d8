package dev.weir.contract.event;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The adapters that may be trained, each with its label scheme.
 *
 * <p>Written as {@code default=negative,positive;topic=sports,politics,arts}. The name {@code *}
 * stands for every other well-formed name.
 *
 * @param schemes label scheme by adapter name
 */
public record AdapterCatalog(Map<String, LabelScheme> schemes) {

  /** Stands for any other name. */
  public static final String ANY = "*";

  /** Only the default adapter, with the two sentiment labels. */
  public static final AdapterCatalog SENTIMENT =
      new AdapterCatalog(Map.of(Limits.DEFAULT_ADAPTER, LabelScheme.SENTIMENT));

  /** Copies the map. */
  public AdapterCatalog {
    schemes = Map.copyOf(schemes);
  }

  /**
   * Reads the written form.
   *
   * @throws IllegalArgumentException if it is not of that form; the message says where
   */
  public static AdapterCatalog parse(String written) {
    Map<String, LabelScheme> schemes = new LinkedHashMap<>();
    for (String part : written.split(";", -1)) {
      if (part.isBlank()) {
        continue;
      }
      String[] halves = part.split("=", 2);
      String name = halves[0].strip();
      if (halves.length != 2) {
        throw new IllegalArgumentException(
            "'" + part.strip() + "' names no labels; write adapter=label,label");
      }
      if (!name.equals(ANY) && !Limits.ADAPTER_NAME.matcher(name).matches()) {
        throw new IllegalArgumentException(
            "adapter name '" + name + "' does not match " + Limits.ADAPTER_NAME.pattern());
      }
      if (schemes.put(name, LabelScheme.parse(halves[1])) != null) {
        throw new IllegalArgumentException("adapter '" + name + "' is declared twice");
      }
    }
    if (schemes.isEmpty()) {
      throw new IllegalArgumentException("no adapter is declared; write adapter=label,label");
    }
    return new AdapterCatalog(schemes);
  }

  /** The label scheme of an adapter, or empty when it is not a declared one. */
  public Optional<LabelScheme> scheme(String adapter) {
    LabelScheme scheme = schemes.get(adapter);
    return Optional.ofNullable(scheme != null ? scheme : schemes.get(ANY));
  }

  /** The declared names. */
  public Set<String> names() {
    return schemes.keySet();
  }
}
