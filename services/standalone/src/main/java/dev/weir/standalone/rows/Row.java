package dev.weir.standalone.rows;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jspecify.annotations.Nullable;

/** One row of an input. */
public sealed interface Row {

  /** The line it begins on, from 1. */
  long line();

  /**
   * A row that could be read.
   *
   * @param line the line it begins on
   * @param fields its fields by Weir's own names; others keep the name they have
   */
  record Good(long line, ObjectNode fields) implements Row {

    /** A field as text, or {@code null} when it is absent or empty. */
    public @Nullable String text(String name) {
      JsonNode node = fields.get(name);
      return node == null || node.isNull() || node.asText().isEmpty() ? null : node.asText();
    }
  }

  /**
   * A row that was meant and could not be read.
   *
   * @param line the line it begins on
   * @param problem what is wrong, with the remedy
   */
  record Bad(long line, String problem) implements Row {}

  /**
   * A row that its file says is no label: rejected, skipped or not labeled yet.
   *
   * @param line the line it begins on
   * @param reason why, in the plural, to count by
   */
  record Skipped(long line, String reason) implements Row {}
}
