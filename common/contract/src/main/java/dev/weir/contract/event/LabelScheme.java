package dev.weir.contract.event;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * The labels of one adapter: their order, the other spellings people use, and the stars that mean
 * them.
 *
 * <p>Written as {@code negative|neg|0@1-2,positive|pos|1@4-5}: labels separated by commas, each
 * with aliases after bars and a span of stars after an at sign. Letter case and surrounding blanks
 * of a label, invisible characters included, never matter.
 *
 * @param labels canonical labels, in the order of the classifier's rows; at least two
 */
public record LabelScheme(List<Label> labels) {

  /** Longest name of a label, in UTF-16 code units. */
  private static final int LONGEST = 128;

  /** What JSON, quotes and settings of another form leave in a name. */
  private static final String NOT_IN_NAMES = "{}[]\"\\=;";

  /** Two labels, negative and positive, with one to five stars. */
  public static final LabelScheme SENTIMENT = parse("negative|neg|0@1-2,positive|pos|1@4-5");

  /**
   * One label.
   *
   * @param name canonical name
   * @param aliases other spellings
   * @param minStars fewest stars that mean it; above {@code maxStars} when none do
   * @param maxStars most stars that mean it
   */
  public record Label(String name, List<String> aliases, double minStars, double maxStars) {

    /** Copies the aliases. */
    public Label {
      aliases = List.copyOf(aliases);
    }
  }

  /** Checks that there are two labels or more and that no spelling means two of them. */
  public LabelScheme {
    labels = List.copyOf(labels);
    if (labels.size() < 2) {
      throw new IllegalArgumentException(
          "a label scheme needs at least two labels, this one has " + labels.size());
    }
    checkStars(labels);
    Map<String, String> seen = new LinkedHashMap<>();
    for (Label label : labels) {
      List<String> spellings = new ArrayList<>(label.aliases());
      spellings.add(label.name());
      for (String spelling : spellings) {
        String other = seen.put(fold(spelling), label.name());
        if (other != null && !other.equals(label.name())) {
          throw new IllegalArgumentException(
              "'" + spelling + "' means both '" + other + "' and '" + label.name() + "'");
        }
      }
    }
  }

  /**
   * Reads the written form.
   *
   * @throws IllegalArgumentException if it is not of that form; the message says where
   */
  public static LabelScheme parse(String written) {
    List<Label> labels = new ArrayList<>();
    for (String part : written.split(",", -1)) {
      String[] halves = part.strip().split("@", 2);
      List<String> spellings = List.of(halves[0].split("\\|", -1));
      if (spellings.stream().anyMatch(String::isBlank)) {
        throw new IllegalArgumentException(
            "'" + part.strip() + "' has an empty label; write label|alias@min-max");
      }
      spellings.forEach(spelling -> checkName(spelling.strip(), part.strip()));
      double min = 1;
      double max = 0;
      if (halves.length == 2) {
        String[] span = halves[1].split("-", 2);
        try {
          min = Double.parseDouble(span[0].strip());
          max = span.length == 2 ? Double.parseDouble(span[1].strip()) : min;
        } catch (NumberFormatException e) {
          throw new IllegalArgumentException(
              "'" + halves[1] + "' is not a span of stars; write min-max, as in 4-5", e);
        }
        if (min > max) {
          throw new IllegalArgumentException("the span of stars '" + halves[1] + "' is empty");
        }
      }
      List<String> aliases = spellings.stream().skip(1).map(String::strip).toList();
      labels.add(new Label(spellings.get(0).strip(), aliases, min, max));
    }
    return new LabelScheme(labels);
  }

  private static void checkStars(List<Label> labels) {
    for (int i = 0; i < labels.size(); i++) {
      for (int j = i + 1; j < labels.size(); j++) {
        Label one = labels.get(i);
        Label other = labels.get(j);
        boolean both = one.minStars() <= one.maxStars() && other.minStars() <= other.maxStars();
        if (both && one.minStars() <= other.maxStars() && other.minStars() <= one.maxStars()) {
          throw new IllegalArgumentException(
              "the stars of '%s' (%s-%s) and of '%s' (%s-%s) overlap; give each number of stars one label"
                  .formatted(
                      one.name(),
                      one.minStars(),
                      one.maxStars(),
                      other.name(),
                      other.minStars(),
                      other.maxStars()));
        }
      }
    }
  }

  private static void checkName(String name, String part) {
    boolean foreign =
        name.codePoints().anyMatch(c -> Character.isISOControl(c) || NOT_IN_NAMES.indexOf(c) >= 0);
    if (foreign || name.length() > LONGEST) {
      throw new IllegalArgumentException(
          "'%s' is no label: a name has up to %d characters, none of them %s; write label|alias@min-max"
              .formatted(part, LONGEST, NOT_IN_NAMES));
    }
  }

  /** Whether a character shows anything: no blank, control or format character does. */
  public static boolean visible(int codePoint) {
    return !Character.isWhitespace(codePoint)
        && !Character.isSpaceChar(codePoint)
        && !Character.isISOControl(codePoint)
        && Character.getType(codePoint) != Character.FORMAT;
  }

  /** A spelling without the blanks and invisible characters at its ends. */
  public static String trimmed(String spelling) {
    int start = 0;
    int end = spelling.length();
    while (start < end && !visible(spelling.codePointAt(start))) {
      start += Character.charCount(spelling.codePointAt(start));
    }
    while (end > start && !visible(spelling.codePointBefore(end))) {
      end -= Character.charCount(spelling.codePointBefore(end));
    }
    return spelling.substring(start, end);
  }

  /** Canonical names, in order. */
  public List<String> names() {
    return labels.stream().map(Label::name).toList();
  }

  /** The canonical label for a spelling, in any letter case. */
  public Optional<String> canonical(String spelling) {
    String folded = fold(spelling);
    return labels.stream()
        .filter(
            label ->
                fold(label.name()).equals(folded)
                    || label.aliases().stream().anyMatch(alias -> fold(alias).equals(folded)))
        .map(Label::name)
        .findFirst();
  }

  /** The label that a number of stars means, if any. */
  public Optional<String> forStars(double stars) {
    return labels.stream()
        .filter(label -> stars >= label.minStars() && stars <= label.maxStars())
        .map(Label::name)
        .findFirst();
  }

  /** With two labels the other one; empty with more. */
  public Optional<String> opposite(String canonical) {
    if (labels.size() != 2) {
      return Optional.empty();
    }
    return names().stream().filter(name -> !name.equals(canonical)).findFirst();
  }

  private static String fold(String spelling) {
    return trimmed(spelling).toLowerCase(Locale.ROOT);
  }
}
