package dev.weir.contract.event;

import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.exc.StreamReadException;
import dev.weir.contract.event.Parsed.Accepted;
import dev.weir.contract.event.Parsed.Reason;
import dev.weir.contract.event.Parsed.Rejected;
import java.io.UncheckedIOException;
import java.util.Collection;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads the records of Weir's own topics, and holds them to their form as strictly as foreign ones:
 * nothing keeps others from writing to these topics, and a compacted one keeps what was written.
 *
 * <p>Each record type has a {@code read(key, value)} that ends here and never throws. A value that
 * is {@code null}, a tombstone, is {@link Reason#NULL_VALUE}; who knows tombstones looks for them
 * first. Stateless and thread-safe.
 */
public final class OwnRecords {

  /** The highest version that is read; a release under a higher one is of no trainer of ours. */
  static final int MOST_VERSIONS = 1_000_000_000;

  /** Names that become a file's or directory's: no separator and no dot in them. */
  private static final Pattern DIGEST = Pattern.compile("[0-9A-Za-z-]{1,128}");

  private static final int LABELS = 10_000;
  private static final int NAME_CHARACTERS = 512;

  private OwnRecords() {}

  /** The key names another thing than the value. */
  private static final class KeyMismatch extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    KeyMismatch(String problem) {
      super(problem);
    }
  }

  /**
   * Reads one value.
   *
   * @param check throws {@link IllegalArgumentException} for a value that the type allows and the
   *     topic does not, see the {@code require…} methods
   */
  public static <T> Parsed<T> read(byte @Nullable [] value, Class<T> type, Consumer<T> check) {
    if (value == null) {
      return new Rejected<>(Reason.NULL_VALUE, "the record has no value");
    }
    try {
      T event = EventJson.read(value, type);
      check.accept(event);
      return new Accepted<>(event);
    } catch (UncheckedIOException e) {
      return new Rejected<>(
          malformed(e.getCause()) ? Reason.MALFORMED_JSON : Reason.INVALID_VALUE, message(e));
    } catch (KeyMismatch e) {
      return new Rejected<>(Reason.KEY_MISMATCH, type.getSimpleName() + ": " + message(e));
    } catch (IllegalArgumentException e) {
      return new Rejected<>(Reason.INVALID_VALUE, type.getSimpleName() + ": " + message(e));
    } catch (RuntimeException e) {
      return Rejected.internalError(e);
    }
  }

  /** The name of an adapter. */
  public static void requireAdapter(String name) {
    if (!Limits.ADAPTER_NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "adapter name " + Shown.of(name) + " does not match " + Limits.ADAPTER_NAME.pattern());
    }
  }

  /**
   * A version, or {@code null} where there may be none. The upper bound leaves room: the next
   * version is one above the highest that was read.
   */
  public static void requireVersion(@Nullable Integer version) {
    if (version != null && (version < 1 || version > MOST_VERSIONS)) {
      throw new IllegalArgumentException(
          "adapter version %d is not in 1 to %d".formatted(version, MOST_VERSIONS));
    }
  }

  /** A digest: it becomes part of a path. {@code null} where there may be none. */
  public static void requireDigest(@Nullable String digest) {
    if (digest != null && !DIGEST.matcher(digest).matches()) {
      throw new IllegalArgumentException("digest " + Shown.of(digest) + " is no hex digest");
    }
  }

  /** The labels of an adapter, in the order of the head's rows. */
  public static void requireLabels(List<String> labels) {
    if (labels.isEmpty() || labels.size() > LABELS) {
      throw new IllegalArgumentException(
          "it has %d labels, there must be 1 to %d".formatted(labels.size(), LABELS));
    }
    labels.forEach(label -> requireName("label", label));
    if (labels.stream().distinct().count() != labels.size()) {
      throw new IllegalArgumentException("it names a label twice");
    }
  }

  /** A name, an id or another short text that is there. */
  public static void requireName(String field, String value) {
    if (value.isBlank() || value.length() > NAME_CHARACTERS) {
      throw new IllegalArgumentException(
          "field '%s' has %d characters, there must be 1 to %d that are not all blank"
              .formatted(field, value.length(), NAME_CHARACTERS));
    }
  }

  /** A count or number that is not below its least. */
  public static void requireAtLeast(String field, long least, long value) {
    if (value < least) {
      throw new IllegalArgumentException(
          "field '%s' is %d, it must be at least %d".formatted(field, value, least));
    }
  }

  /** A count or number that is not above its most. */
  public static void requireAtMost(String field, long most, long value) {
    if (value > most) {
      throw new IllegalArgumentException(
          "field '%s' is %d, it must be at most %d".formatted(field, value, most));
    }
  }

  /** At most so many elements. */
  public static void requireAtMost(String field, int most, Collection<?> elements) {
    if (elements.size() > most) {
      throw new IllegalArgumentException(
          "field '%s' has %d elements, at most %d are accepted"
              .formatted(field, elements.size(), most));
    }
  }

  /** The record's key is the one that this value has. */
  public static void requireKey(byte @Nullable [] key, String expected) {
    String given = Utf8.read(key).orElse(null);
    if (!expected.equals(given)) {
      throw new KeyMismatch(
          "the record's key is %s, for this value it must be %s"
              .formatted(given == null ? "not text" : Shown.of(given), Shown.of(expected)));
    }
  }

  /** Not JSON, or more of it than is read; such an exception may be the cause of another. */
  private static boolean malformed(@Nullable Throwable problem) {
    return problem != null
        && (problem instanceof StreamReadException
            || problem instanceof StreamConstraintsException
            || malformed(problem.getCause()));
  }

  private static String message(RuntimeException e) {
    return Shown.said(e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage());
  }
}
