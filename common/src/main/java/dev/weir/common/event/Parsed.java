package dev.weir.common.event;

/**
 * What came of reading a record that somebody else wrote.
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

  /**
   * The record is not usable and belongs into the dead-letter topic.
   *
   * @param reason stable code, also the metric's tag
   * @param message what is wrong, the limit against the actual value, and the remedy
   */
  record Rejected<T>(Reason reason, String message) implements Parsed<T> {}

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
