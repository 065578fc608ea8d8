package dev.weir.contract.event;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads bytes as UTF-8 without repairing them: {@code new String(bytes, UTF_8)} puts U+FFFD in the
 * place of what it cannot read, so that different keys become one. Stateless and thread-safe.
 */
public final class Utf8 {

  private Utf8() {}

  /** The text; empty for {@code null} and for bytes that are not UTF-8. */
  public static Optional<String> read(byte @Nullable [] bytes) {
    if (bytes == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
    } catch (CharacterCodingException e) {
      return Optional.empty();
    }
  }
}
