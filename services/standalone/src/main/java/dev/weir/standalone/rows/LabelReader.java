package dev.weir.standalone.rows;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.contract.event.LabelScheme;
import dev.weir.contract.event.Limits;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads the label of a row by a label scheme: names and aliases in any letter case, whole numbers
 * that are written as decimals, booleans where 1 and 0 are labels, and stars.
 *
 * @param scheme the labels that are accepted
 */
public record LabelReader(LabelScheme scheme) {

  private static final int LONGEST_NUMBER = 40;

  /** The canonical label of a row, or empty when it has none of the scheme. */
  public Optional<String> canonical(Row.Good row) {
    JsonNode label = row.fields().get("label");
    if (label != null) {
      return spellings(label.asText()).stream()
          .map(scheme::canonical)
          .flatMap(Optional::stream)
          .findFirst();
    }
    Double stars = stars(row);
    return stars == null ? Optional.empty() : scheme.forStars(stars);
  }

  /** The label as the row has it, invisible ends taken off, or {@code null} when it has none. */
  public static @Nullable String written(Row.Good row) {
    String label = row.text("label");
    if (label != null) {
      return visible(label);
    }
    String stars = row.text("stars");
    return stars == null ? null : stars + " stars";
  }

  /** Whether a text is good for training: there, visible and short enough. */
  public static boolean usable(@Nullable String text) {
    return text != null
        && text.length() <= Limits.TEXT_CHARACTERS
        && text.codePoints().anyMatch(LabelScheme::visible);
  }

  private static @Nullable Double stars(Row.Good row) {
    String stars = row.text("stars");
    if (stars == null) {
      return null;
    }
    try {
      return Double.valueOf(stars);
    } catch (NumberFormatException e) {
      return null;
    }
  }

  private static List<String> spellings(String written) {
    String label = visible(written);
    List<String> spellings = new ArrayList<>(List.of(label));
    if (label.equalsIgnoreCase("true")) {
      spellings.add("1");
    } else if (label.equalsIgnoreCase("false")) {
      spellings.add("0");
    } else if (number(label)) {
      BigDecimal number = new BigDecimal(label.replace(',', '.')).stripTrailingZeros();
      if (Math.abs(number.scale()) < LONGEST_NUMBER) {
        spellings.add(number.toPlainString());
      }
    }
    return spellings;
  }

  /** Whether a label is a number, a decimal comma allowed. */
  static boolean number(String label) {
    return label.length() <= LONGEST_NUMBER && label.matches("[+-]?\\d+([.,]\\d+)?");
  }

  /** A label without blanks and invisible characters at its ends. */
  static String visible(String label) {
    return LabelScheme.trimmed(label);
  }
}
