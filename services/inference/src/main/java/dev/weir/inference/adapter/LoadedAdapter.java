package dev.weir.inference.adapter;

import dev.weir.common.adapter.AdapterId;
import dev.weir.common.adapter.AdapterWeights;
import dev.weir.common.model.TokenLimit;

/**
 * An adapter that was read and checked and is not in a slot yet.
 *
 * @param id its version
 * @param digest sha-256 (hex) of its manifest
 * @param weights its numbers
 * @param limit how its inputs are cut
 * @param temperature what its logits are divided by
 */
record LoadedAdapter(
    AdapterId id, String digest, AdapterWeights weights, TokenLimit limit, double temperature) {}
