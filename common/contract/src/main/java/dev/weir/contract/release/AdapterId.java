package dev.weir.contract.release;

import dev.weir.contract.event.Limits;

/**
 * One version of one adapter, written {@code default@3}.
 *
 * @param adapter the adapter's name, of the form {@link Limits#ADAPTER_NAME}
 * @param version from 1; higher is newer
 */
public record AdapterId(String adapter, int version) {

  /** Checks name and version: both become parts of paths. */
  public AdapterId {
    if (!Limits.ADAPTER_NAME.matcher(adapter).matches()) {
      throw new IllegalArgumentException(
          "adapter name '" + adapter + "' does not match " + Limits.ADAPTER_NAME.pattern());
    }
    if (version < 1) {
      throw new IllegalArgumentException("adapter version " + version + " is below 1");
    }
  }

  /**
   * Reads the written form.
   *
   * @throws IllegalArgumentException if it is not of that form
   */
  public static AdapterId parse(String written) {
    int at = written.lastIndexOf('@');
    try {
      return new AdapterId(
          written.substring(0, Math.max(0, at)), Integer.parseInt(written.substring(at + 1)));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "'" + written + "' is not of the form adapter@version, such as default@3", e);
    }
  }

  @Override
  public String toString() {
    return adapter + "@" + version;
  }
}
