package dev.weir.trainer.publish;

import dev.weir.contract.release.Release;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A decision that is ready to be told.
 *
 * @param release what goes on the topic
 * @param staged the artifact, or {@code null} when there is none or the store has it already
 * @param servedBefore the versions that served before it, the last one first
 */
public record Announcement(Release release, @Nullable Path staged, List<Integer> servedBefore) {

  /** Copies the list. */
  public Announcement {
    servedBefore = List.copyOf(servedBefore);
  }

  /** A decision of which it is not known yet what served before. */
  public Announcement(Release release, @Nullable Path staged) {
    this(release, staged, List.of());
  }

  /** Whether the gate let the version pass: it has an artifact. */
  public boolean promoted() {
    return release.state() == Release.State.PROMOTED;
  }

  /** Whether it becomes the champion: no pinned version holds it back. */
  public boolean serves() {
    return promoted() && release.heldBy() == null;
  }

  /** The same, held back by a pinned version. */
  public Announcement heldBy(int pinned) {
    return new Announcement(release.heldBy(pinned), staged, servedBefore);
  }

  /** The same, after these versions. */
  public Announcement after(List<Integer> served) {
    return new Announcement(release, staged, served);
  }
}
