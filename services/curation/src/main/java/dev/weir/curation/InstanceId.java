package dev.weir.curation;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/**
 * The name under which a process is known to its group, kept beside its state: a process that was
 * killed and started again has its partitions back at once, instead of after its former session.
 */
final class InstanceId {

  private InstanceId() {}

  /**
   * The name of the process that owns this state directory; made when there is none.
   *
   * @throws CurationException if it can be neither read nor written
   */
  static String of(Path stateDir, String applicationId) {
    Path file = stateDir.resolve(applicationId + ".instance");
    try {
      if (Files.exists(file)) {
        return UUID.fromString(Files.readString(file, UTF_8).strip()).toString();
      }
    } catch (IllegalArgumentException | CharacterCodingException e) {
      // Cut short by a crash or a full disk: any new name does.
    } catch (IOException e) {
      throw unusable(file, e);
    }
    try {
      String made = UUID.randomUUID().toString();
      Files.createDirectories(stateDir);
      return Files.readString(Files.writeString(file, made, UTF_8), UTF_8);
    } catch (IOException e) {
      throw unusable(file, e);
    }
  }

  private static CurationException unusable(Path file, IOException cause) {
    return new CurationException(
        "state-directory",
        "curation cannot use its state directory: "
            + file.toAbsolutePath()
            + " ("
            + cause
            + "); make room or make it writable, or set WEIR_CURATION_STATE_DIR",
        cause);
  }
}
