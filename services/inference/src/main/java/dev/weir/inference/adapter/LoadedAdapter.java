package dev.weir.inference.adapter;

import dev.weir.common.adapter.AdapterId;
import dev.weir.common.adapter.AdapterWeights;

/**
 * An adapter that was read and checked and is not in a slot yet.
 *
 * @param id its version
 * @param digest sha-256 (hex) of its manifest
 * @param weights its numbers
 * @param maxTokens longest input, special tokens included
 */
record LoadedAdapter(AdapterId id, String digest, AdapterWeights weights, int maxTokens) {}
