package dev.weir.inference.adapter;

import dev.weir.common.adapter.AdapterId;
import dev.weir.common.adapter.AdapterWeights;
import dev.weir.common.model.MergedEncoder;
import dev.weir.common.model.Precision;
import dev.weir.common.model.TokenLimit;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An adapter that was read and checked and is not in memory that runs read yet.
 *
 * @param id its version
 * @param digest sha-256 (hex) of its manifest
 * @param weights its numbers
 * @param limit how its inputs are cut
 * @param precision the arithmetic it is served in
 * @param allowed the arithmetics that its gate allowed, by id
 * @param merged a session of its own, or {@code null} when it goes into a slot; whoever puts it
 *     into service closes it
 */
record LoadedAdapter(
    AdapterId id,
    String digest,
    AdapterWeights weights,
    TokenLimit limit,
    Precision precision,
    List<String> allowed,
    @Nullable MergedEncoder merged) {

  List<String> labels() {
    return weights.labels();
  }
}
