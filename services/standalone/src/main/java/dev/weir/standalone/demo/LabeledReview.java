package dev.weir.standalone.demo;

/**
 * A review whose label is known to the demo.
 *
 * @param id unique in its data set
 * @param text the text
 * @param label canonical label
 */
record LabeledReview(String id, String text, String label) {}
