package dev.weir.contract.event;

import java.util.regex.Pattern;

/** The bounds that every event is held to; part of the published contract. */
public final class Limits {

  /** The adapter that answers when a record names none. */
  public static final String DEFAULT_ADAPTER = "default";

  /** Longest accepted id, in UTF-16 code units. */
  public static final int ID_CHARACTERS = 256;

  /** Longest accepted text, in UTF-16 code units. */
  public static final int TEXT_CHARACTERS = 100_000;

  /** Longest accepted source name, in UTF-16 code units. */
  public static final int SOURCE_CHARACTERS = 128;

  /**
   * Most that a review's attributes may hold, in UTF-16 code units: all names and texts, and 8 for
   * each value.
   */
  public static final int ATTRIBUTE_CHARACTERS = 100_000;

  /** The form of an adapter's name: it becomes a path, a metric tag and a topic key. */
  public static final Pattern ADAPTER_NAME = Pattern.compile("[a-z0-9][a-z0-9._-]{0,62}");

  private Limits() {}
}
