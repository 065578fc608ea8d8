package dev.weir.inference.score;

/**
 * A tokenised text that waits for its answer.
 *
 * @param text the text, kept for the case that a version with another token limit takes over
 * @param adapter the adapter that is asked
 * @param tokens token ids, special tokens included
 * @param maxTokens the limit they were made with
 */
@SuppressWarnings("ArrayRecordComponent") // never compared, and copied by no one
record Query(String text, String adapter, int[] tokens, int maxTokens) {}
