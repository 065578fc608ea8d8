package dev.weir.benchmarks.parts;

/** Texts of the two lengths that reviews have. */
final class SampleTexts {
  static final String SENTENCE =
      "The soup came lukewarm, but the waiter made up for it and dessert was on the house.";

  /** As long as the average long review: the limit of 256 tokens cuts it. */
  static final String LONG = (SENTENCE + " ").repeat(15);

  private SampleTexts() {}
}
