package dev.weir.inference.slot;

import dev.weir.contract.release.AdapterId;
import dev.weir.contract.text.TokenLimit;
import dev.weir.model.session.MergedEncoder;
import dev.weir.model.spec.Precision;
import dev.weir.model.weights.AdapterWeights;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An adapter that was read and checked and is not in memory that runs read yet.
 *
 * @param id its version
 * @param digest sha-256 (hex) of its manifest
 * @param weights its numbers
 * @param limit how its inputs are cut
 * @param temperature what its logits are divided by
 * @param precision the arithmetic it is served in
 * @param allowed the arithmetics that its gate allowed, by id
 * @param merged a session of its own, or {@code null} when it goes into a slot; whoever puts it
 *     into service closes it
 */
public record LoadedAdapter(
    AdapterId id,
    String digest,
    AdapterWeights weights,
    TokenLimit limit,
    double temperature,
    Precision precision,
    List<String> allowed,
    @Nullable MergedEncoder merged) {

  /** The labels in the order of the head's rows. */
  public List<String> labels() {
    return weights.labels();
  }
}
