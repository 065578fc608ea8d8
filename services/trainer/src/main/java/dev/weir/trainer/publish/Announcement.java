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

  /** Whether the version is to serve. */
  public boolean promoted() {
    return release.state() == Release.State.PROMOTED;
  }
}
