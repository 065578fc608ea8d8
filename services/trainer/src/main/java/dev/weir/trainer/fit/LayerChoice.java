package dev.weir.trainer.fit;

import dev.weir.model.spec.ModelException;
import java.util.Collections;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which transformer layers are adapted, as {@code WEIR_TRAIN_LAYERS} says it: a number alone means
 * so many of the uppermost ones; with a dash or a comma, numbers are indices from 0.
 *
 * @param uppermost how many of the uppermost, 0 for all; unused with indices
 * @param indices the layers themselves; empty without a dash or comma
 */
record LayerChoice(int uppermost, SortedSet<Integer> indices) {

  private static final int MOST = 1000;
  private static final Pattern PART = Pattern.compile("(\\d{1,4})(?:-(\\d{1,4}))?");

  LayerChoice {
    indices = Collections.unmodifiableSortedSet(new TreeSet<>(indices));
  }

  /**
   * Reads {@code 6}, {@code 0}, {@code 6-11} or {@code 0,3,9-11}.
   *
   * @throws IllegalArgumentException saying what is accepted
   */
  static LayerChoice parse(String value) {
    SortedSet<Integer> indices = new TreeSet<>();
    for (String part : value.split(",", -1)) {
      Matcher matcher = PART.matcher(part.strip());
      if (!matcher.matches()) {
        throw refused(value);
      }
      int first = Integer.parseInt(matcher.group(1));
      int last = matcher.group(2) == null ? first : Integer.parseInt(matcher.group(2));
      if (last < first || last > MOST) {
        throw refused(value);
      }
      for (int layer = first; layer <= last; layer++) {
        indices.add(layer);
      }
    }
    boolean number = !value.contains(",") && !value.contains("-");
    return number
        ? new LayerChoice(indices.first(), Collections.emptySortedSet())
        : new LayerChoice(0, indices);
  }

  /**
   * The layers of a base with so many; empty for all of them.
   *
   * @throws ModelException {@code layer-not-in-base}
   */
  Set<Integer> of(int baseLayers) {
    if (!indices.isEmpty()) {
      if (indices.last() >= baseLayers) {
        throw new ModelException(
            "layer-not-in-base",
            "WEIR_TRAIN_LAYERS names layer %d, the base model has layers 0 to %d; name some of these."
                .formatted(indices.last(), baseLayers - 1));
      }
      return indices.size() == baseLayers ? Set.of() : indices;
    }
    SortedSet<Integer> layers = new TreeSet<>();
    for (int layer = Math.max(0, baseLayers - uppermost); layer < baseLayers; layer++) {
      layers.add(layer);
    }
    return layers.size() == baseLayers ? Set.of() : layers;
  }

  private static IllegalArgumentException refused(String value) {
    return new IllegalArgumentException(
        "is '"
            + value
            + "', accepted are a number of uppermost layers from 0 to 1000, or indices such as 6-11 or 0,3,9-11");
  }
}
