package dev.weir.inference.score;

import dev.weir.contract.release.AdapterId;
import dev.weir.contract.text.TokenLimit;
import org.jspecify.annotations.Nullable;

/**
 * A tokenised text that waits for its answer.
 *
 * @param reviewId the review's id: it decides who answers while a canary is on
 * @param text the text, kept for the case that a version with another token limit takes over
 * @param adapter the adapter that is asked
 * @param tokens token ids, special tokens included
 * @param limit the limit they were made with
 * @param shadow the version that is to score it and nobody else, or {@code null} when it is to be
 *     answered
 */
@SuppressWarnings("ArrayRecordComponent") // never compared, and copied by no one
record Query(
    String reviewId,
    String text,
    String adapter,
    int[] tokens,
    TokenLimit limit,
    @Nullable AdapterId shadow) {}
