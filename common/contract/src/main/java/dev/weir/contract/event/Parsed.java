package dev.weir.contract.event;

import java.util.Optional;

/**
 * What came of reading a record: one that somebody else wrote ({@link EventReader}), or one of
 * Weir's own topics ({@link OwnRecords}).
 *
 * @param <T> the event
 */
public sealed interface Parsed<T> {

  /**
   * The record is a valid event.
   *
   * @param event the event
   */
  record Accepted<T>(T event) implements Parsed<T> {}

  /** The event, or empty for a record that is not usable. */
  default Optional<T> accepted() {
    return this instanceof Accepted<T> good ? Optional.of(good.event()) : Optional.empty();
  }

  /**
   * The record is not usable. One of the input topics belongs into their dead-letter topic; one of
   * Weir's own is skipped, counted and logged.
   *
   * @param reason stable code, also the metric's tag
   * @param message what is wrong, the limit against the actual value, and the remedy
   */
  record Rejected<T>(Reason reason, String message) implements Parsed<T> {

    /** The outcome for a record on which Weir itself failed. */
    public static <T> Rejected<T> internalError(RuntimeException defect) {
      return new Rejected<>(
          Reason.INTERNAL_ERROR,
          "Weir failed on this record, which is a defect of its own; report it with the record: "
              + Shown.said(defect.toString()));
    }

    /** The same outcome for another type. */
    public <U> Rejected<U> as() {
      return new Rejected<>(reason, message);
    }
  }

  /** Why a record is not usable. */
  enum Reason {
    /** The record has no value; reviews and feedback have no tombstones. */
    NULL_VALUE("null-value"),
    /** The value is not JSON, or not a JSON object. */
    MALFORMED_JSON("malformed-json"),
    /** A field has a value of the wrong kind. */
    WRONG_TYPE("wrong-type"),
    /** Neither the value nor the record's key gives an id. */
    MISSING_ID("missing-id"),
    /** The id is longer than {@link Limits#ID_CHARACTERS}. */
    ID_TOO_LONG("id-too-long"),
    /** There is no text, and none can be found. */
    MISSING_TEXT("missing-text"),
    /** The text has no visible character. */
    EMPTY_TEXT("empty-text"),
    /** The text is longer than {@link Limits#TEXT_CHARACTERS}. */
    TEXT_TOO_LONG("text-too-long"),
    /** The adapter's name is not of the form {@link Limits#ADAPTER_NAME}. */
    BAD_ADAPTER_NAME("bad-adapter-name"),
    /** The adapter is not one of the configured ones. */
    UNKNOWN_ADAPTER("unknown-adapter"),
    /** There is neither label nor verdict nor stars. */
    MISSING_LABEL("missing-label"),
    /** More than one of label, verdict and stars is given. */
    AMBIGUOUS_LABEL("ambiguous-label"),
    /** The label is not in the adapter's scheme. */
    UNKNOWN_LABEL("unknown-label"),
    /** The stars map to no label of the adapter's scheme. */
    UNMAPPED_STARS("unmapped-stars"),
    /** The source's name is too long. */
    SOURCE_TOO_LONG("source-too-long"),
    /** The review that the feedback is about did not come within the waiting time. */
    UNKNOWN_REVIEW("unknown-review"),
    /**
     * A verdict on a review that nothing was served for, or "disagree" among three or more labels.
     */
    UNRESOLVABLE_VERDICT("unresolvable-verdict"),
    /** The source gives more feedback than its limit. */
    SOURCE_LIMIT("source-limit"),
    /** The same text has another label already, and conflicts are kept out. */
    CONFLICT("conflict"),
    /** The record is larger than its topic should let through, compression aside. */
    RECORD_TOO_LARGE("record-too-large"),
    /** The attributes are larger than {@link Limits#ATTRIBUTE_CHARACTERS}. */
    ATTRIBUTES_TOO_LARGE("attributes-too-large"),
    /** A field of a record of Weir's own topics is missing or out of its bounds. */
    INVALID_VALUE("invalid-value"),
    /** The key of a record of Weir's own topics names another thing than its value. */
    KEY_MISMATCH("key-mismatch"),
    /** The record was written by a version of Weir that this one does not know. */
    UNKNOWN_VERSION("unknown-version"),
    /** More feedback waits for the same review, or in all, than is kept. */
    TOO_MANY_WAITING("too-many-waiting"),
    /** More undeclared adapters are named than are kept apart. */
    TOO_MANY_ADAPTERS("too-many-adapters"),
    /** Weir failed on this record alone: a defect of its own. */
    INTERNAL_ERROR("internal-error");

    private final String code;

    Reason(String code) {
      this.code = code;
    }

    /** The stable code, as it stands in the dead letter's header and in metrics. */
    public String code() {
      return code;
    }
  }
}
