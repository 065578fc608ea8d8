package dev.weir.inference.release;

import dev.weir.contract.release.AdapterId;
import dev.weir.inference.slot.WantedVersion;
import io.opentelemetry.context.Context;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the adapters topic last said about one adapter.
 *
 * @param at where it said so
 * @param champion the version that answers, or {@code null} when none should
 * @param substitute the version that answers where {@code champion}, which is pinned, cannot be
 *     loaded and none serves; {@code null} for none
 * @param others further versions to have in service beside it, such as a canary or a shadow
 * @param trace the trace that the record belongs to; the root context for none
 */
public record Wanted(
    TopicPlace at,
    @Nullable WantedVersion champion,
    @Nullable WantedVersion substitute,
    List<WantedVersion> others,
    Context trace) {

  public Wanted {
    others = List.copyOf(others);
  }

  /** What a record says that belongs to no trace. */
  public Wanted(TopicPlace at, @Nullable WantedVersion champion, List<WantedVersion> others) {
    this(at, champion, null, others, Context.root());
  }

  /** The same, as a part of the trace that the record belongs to. */
  Wanted in(Context named) {
    return new Wanted(at, champion, substitute, others, named);
  }

  /** The same, with a version that answers where the pinned one cannot. */
  Wanted insteadOfNone(@Nullable WantedVersion version) {
    return new Wanted(at, champion, version, others, trace);
  }

  /** Nothing but a champion, or nothing at all. */
  public static Wanted champion(TopicPlace at, @Nullable WantedVersion champion) {
    return new Wanted(at, champion, List.of());
  }

  /** Whether nothing at all is to be in service. */
  boolean nothing() {
    return champion == null && substitute == null && others.isEmpty();
  }

  /** Whether another record asks for just the same. */
  boolean sameAs(Wanted other) {
    return Objects.equals(champion, other.champion)
        && Objects.equals(substitute, other.substitute)
        && others.equals(other.others);
  }

  /** All wanted versions, the champion first. */
  List<WantedVersion> versions() {
    List<WantedVersion> all = new ArrayList<>();
    if (champion != null) {
      all.add(champion);
    }
    all.addAll(others);
    return all;
  }

  Set<AdapterId> ids() {
    Set<AdapterId> ids = new HashSet<>();
    versions().forEach(version -> ids.add(version.id()));
    return ids;
  }
}
