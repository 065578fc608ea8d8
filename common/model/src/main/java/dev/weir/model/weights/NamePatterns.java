package dev.weir.model.weights;

import dev.weir.model.spec.ModelException;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Values by regular expressions over module names, as PEFT's {@code rank_pattern} and {@code
 * alpha_pattern} have them ({@code peft.utils.other.get_pattern_key}).
 */
public final class NamePatterns {
  private NamePatterns() {}

  /**
   * A key as PEFT matches it: from the start or any dot to the end.
   *
   * @throws ModelException {@code invalid-lora-config}
   */
  public static Pattern compile(String key) {
    try {
      return Pattern.compile("(.*\\.)?(" + key + ")$");
    } catch (PatternSyntaxException e) {
      throw new ModelException(
          "invalid-lora-config",
          "LoRA pattern '%s' is no regular expression: %s; correct it."
              .formatted(key, e.getDescription()),
          e);
    }
  }

  /** The value of the first key that matches, if one does. */
  public static <V> Optional<V> first(Map<String, V> patterns, String name) {
    for (Map.Entry<String, V> entry : patterns.entrySet()) {
      if (compile(entry.getKey()).matcher(name).lookingAt()) {
        return Optional.of(entry.getValue());
      }
    }
    return Optional.empty();
  }

  /**
   * Patterns that give each module the same value under other names: the patterns themselves where
   * they do, else one key for each module.
   *
   * @param paths the modules
   * @param from names that {@code patterns} are meant for
   * @param to names that the result is meant for
   */
  public static <V> Map<String, V> renamed(
      Map<String, V> patterns,
      Collection<String> paths,
      UnaryOperator<String> from,
      UnaryOperator<String> to) {
    boolean same = true;
    Map<String, V> exact = new LinkedHashMap<>();
    for (String path : paths) {
      Optional<V> wanted = first(patterns, from.apply(path));
      same &= wanted.equals(first(patterns, to.apply(path)));
      wanted.ifPresent(value -> exact.put(to.apply(path).replace(".", "\\."), value));
    }
    return same ? patterns : exact;
  }
}
