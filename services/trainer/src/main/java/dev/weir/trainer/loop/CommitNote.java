package dev.weir.trainer.loop;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What stands beside a committed offset of the topic of batches, as its metadata.
 *
 * @param topicId id of the topic that the offset is of; empty in commits of earlier versions
 * @param starts how many processes have begun with the batch at the offset and not ended orderly
 */
record CommitNote(String topicId, int starts) {

  private static final Pattern FORM = Pattern.compile("topic=([A-Za-z0-9_-]*) starts=(\\d{1,6})");

  /** Reads the metadata; whatever is none of ours says nothing. */
  static CommitNote parse(String metadata) {
    Matcher matcher = FORM.matcher(metadata);
    return matcher.matches()
        ? new CommitNote(matcher.group(1), Integer.parseInt(matcher.group(2)))
        : new CommitNote("", 0);
  }

  /** Whether the offset is one of another topic, which had the same name. */
  boolean ofAnotherTopic(String present) {
    return !topicId.isEmpty() && !topicId.equals(present);
  }

  CommitNote withStarts(int other) {
    return new CommitNote(topicId, other);
  }

  @Override
  public String toString() {
    return "topic=" + topicId + " starts=" + starts;
  }
}
