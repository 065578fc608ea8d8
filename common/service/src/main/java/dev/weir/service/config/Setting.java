package dev.weir.service.config;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One setting of a service: its variable, parser, default and description.
 *
 * @param name the environment variable, {@code WEIR_…}
 * @param defaultValue as it would be written; empty for none
 * @param range what is accepted, for people; empty when the type says it all
 * @param description what it does, with its unit
 * @param secret whether its value is masked wherever settings are shown
 * @param parser from the written form; throws {@link IllegalArgumentException} saying what is wrong
 * @param <T> the value's type
 */
public record Setting<T>(
    String name,
    String defaultValue,
    String range,
    String description,
    boolean secret,
    Function<String, T> parser) {

  /** Any text. */
  public static Setting<String> text(String name, String defaultValue, String description) {
    return new Setting<>(name, defaultValue, "", description, false, value -> value);
  }

  /** A whole number within bounds, both included. */
  public static Setting<Integer> integer(
      String name, int defaultValue, int min, int max, String description) {
    return new Setting<>(
        name,
        Integer.toString(defaultValue),
        min + " … " + max,
        description,
        false,
        value -> {
          int number = parse(value, Integer::valueOf, "a whole number");
          return within(number, min, max, number >= min && number <= max);
        });
  }

  /** A number within bounds, both included. */
  public static Setting<Double> decimal(
      String name, double defaultValue, double min, double max, String description) {
    return new Setting<>(
        name,
        trimmed(defaultValue),
        trimmed(min) + " … " + trimmed(max),
        description,
        false,
        value -> {
          double number = parse(value, Double::valueOf, "a number");
          return within(number, min, max, number >= min && number <= max);
        });
  }

  /** {@code true} or {@code false}. */
  public static Setting<Boolean> flag(String name, boolean defaultValue, String description) {
    return oneOf(name, Boolean.toString(defaultValue), description, "true", "false")
        .map(Boolean::valueOf);
  }

  /** A length of time: 250ms, 30s, 5m, 2h, 7d. */
  public static Setting<Duration> duration(
      String name, String defaultValue, Duration min, Duration max, String description) {
    return new Setting<>(
        name,
        defaultValue,
        written(min) + " … " + written(max),
        description,
        false,
        value -> {
          Duration duration = Durations.parse(value);
          if (duration.compareTo(min) < 0 || duration.compareTo(max) > 0) {
            throw new IllegalArgumentException(
                "is " + value + ", accepted are " + written(min) + " … " + written(max));
          }
          return duration;
        });
  }

  /** One of a few words, in any letter case; its value is the word as given here. */
  public static Setting<String> oneOf(
      String name, String defaultValue, String description, String... words) {
    List<String> choices = Arrays.asList(words);
    return new Setting<>(
        name,
        defaultValue,
        String.join(", ", choices),
        description,
        false,
        value ->
            choices.stream()
                .filter(word -> word.toLowerCase(Locale.ROOT).equals(fold(value)))
                .findFirst()
                .orElseThrow(
                    () ->
                        new IllegalArgumentException(
                            "is '" + value + "', accepted are " + String.join(", ", choices))));
  }

  /** The same setting with a further parsing step. */
  public <R> Setting<R> map(Function<T, R> next) {
    return new Setting<>(
        name, defaultValue, range, description, secret, value -> next.apply(parser.apply(value)));
  }

  /** The same setting, masked wherever settings are shown. */
  public Setting<T> masked() {
    return new Setting<>(name, defaultValue, range, description, true, parser);
  }

  private static String fold(String value) {
    return value.strip().toLowerCase(Locale.ROOT);
  }

  private static <N> N parse(String value, Function<String, N> parser, String kind) {
    try {
      return parser.apply(value.strip());
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("is '" + value + "', which is not " + kind, e);
    }
  }

  private static <N extends Number> N within(N value, Number min, Number max, boolean inside) {
    if (!inside) {
      throw new IllegalArgumentException(
          "is "
              + trimmed(value.doubleValue())
              + ", accepted are "
              + trimmed(min.doubleValue())
              + " … "
              + trimmed(max.doubleValue()));
    }
    return value;
  }

  private static String trimmed(double value) {
    if (value == Math.rint(value) && Math.abs(value) < 1e15) {
      return Long.toString((long) value);
    }
    return Double.toString(value);
  }

  private static String written(Duration duration) {
    return Durations.format(duration);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Setting<?> setting && setting.name.equals(name);
  }

  @Override
  public int hashCode() {
    return name.hashCode();
  }
}
