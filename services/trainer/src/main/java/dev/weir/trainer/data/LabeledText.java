package dev.weir.trainer.data;

/**
 * A text and what it is said to be.
 *
 * @param text any text
 * @param label canonical label
 */
public record LabeledText(String text, String label) {}
