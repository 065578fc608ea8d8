package dev.weir.contract.event;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.JsonGeneratorDelegate;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Writes each lone surrogate as U+FFFD, where Jackson would throw in the middle of an event.
 *
 * <p>Not thread-safe, as no generator is; closing it closes the one that it wraps.
 */
final class SurrogateSafeGenerator extends JsonGeneratorDelegate {

  SurrogateSafeGenerator(JsonGenerator wrapped) {
    // False: trees and beans are written through this object, so that their strings pass here too.
    super(wrapped, false);
  }

  @Override
  public void writeString(@Nullable String text) throws IOException {
    super.writeString(text == null ? null : Surrogates.replaceLone(text));
  }

  @Override
  public void writeFieldName(String name) throws IOException {
    super.writeFieldName(Surrogates.replaceLone(name));
  }
}
