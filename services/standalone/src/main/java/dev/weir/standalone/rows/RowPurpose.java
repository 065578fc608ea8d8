package dev.weir.standalone.rows;

import java.util.Set;

/** What rows are read for: which fields a file must have, and whether its labels count. */
public enum RowPurpose {
  /** Reviews: a text; what annotators said of it does not matter. */
  REVIEWS("text"),
  /** Feedback: an opinion, and either a text or the review it is about. */
  FEEDBACK("a label, stars or a verdict, and text or reviewId"),
  /** Labeled texts to train, score or demonstrate with. */
  LABELED_TEXTS("text, and a label or stars");

  private final String needs;

  RowPurpose(String needs) {
    this.needs = needs;
  }

  /** The needed fields, to be told. */
  String needs() {
    return needs;
  }

  boolean readsLabels() {
    return this != REVIEWS;
  }

  /** Whether these fields are enough. */
  boolean satisfiedBy(Set<String> fields) {
    boolean text = fields.contains("text");
    boolean label = fields.contains("label") || fields.contains("stars");
    return switch (this) {
      case REVIEWS -> text;
      case FEEDBACK ->
          (label || fields.contains("verdict"))
              && (text || fields.contains("reviewId") || fields.contains("id"));
      case LABELED_TEXTS -> text && label;
    };
  }
}
