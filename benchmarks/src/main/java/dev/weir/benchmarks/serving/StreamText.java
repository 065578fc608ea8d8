package dev.weir.benchmarks.serving;

/**
 * One text of the stream.
 *
 * @param text the review
 * @param sentence whether it is one of the short ones
 */
public record StreamText(String text, boolean sentence) {}
