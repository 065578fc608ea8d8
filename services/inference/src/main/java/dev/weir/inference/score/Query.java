package dev.weir.inference.score;

import dev.weir.common.model.TokenLimit;

/**
 * A tokenised text that waits for its answer.
 *
 * @param text the text, kept for the case that a version with another token limit takes over
 * @param adapter the adapter that is asked
 * @param tokens token ids, special tokens included
 * @param limit the limit they were made with
 */
@SuppressWarnings("ArrayRecordComponent") // never compared, and copied by no one
record Query(String text, String adapter, int[] tokens, TokenLimit limit) {}
