package dev.weir.curation.limit;

/**
 * What a source has given to an adapter within a minute.
 *
 * @param minute minutes since the epoch, of the feedback records' timestamps
 * @param count examples in it
 */
public record SourceCount(long minute, int count) {}
