package dev.weir.trainer.publish;

import dev.weir.common.adapter.Release;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A decision that is ready to be told.
 *
 * @param release what goes on the topic
 * @param staged the artifact, or {@code null} when there is none or the store has it already
 */
public record Announcement(Release release, @Nullable Path staged) {

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
    return new Announcement(release.heldBy(pinned), staged);
  }
}
