package dev.weir.trainer.data;

/**
 * A text and what it is said to be.
 *
 * @param text any text
 * @param label canonical label
 * @param source who said so; empty when that is not known
 */
public record LabeledText(String text, String label, String source) {

  /** A labeled text of no known source. */
  public LabeledText(String text, String label) {
    this(text, label, "");
  }
}
