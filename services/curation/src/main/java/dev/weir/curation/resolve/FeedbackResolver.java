package dev.weir.curation.resolve;

import dev.weir.contract.event.AdapterCatalog;
import dev.weir.contract.event.Feedback;
import dev.weir.contract.event.Feedback.Verdict;
import dev.weir.contract.event.LabelScheme;
import dev.weir.contract.event.Limits;
import dev.weir.contract.event.OpinionReader;
import dev.weir.contract.event.Parsed;
import dev.weir.contract.event.Parsed.Accepted;
import dev.weir.contract.event.Parsed.Reason;
import dev.weir.contract.event.Parsed.Rejected;
import dev.weir.contract.event.TextKey;
import dev.weir.curation.resolve.LabeledText.ServedAnswer;
import dev.weir.curation.resolve.Resolution.Missing;
import dev.weir.curation.resolve.Resolution.Resolved;
import dev.weir.curation.resolve.Resolution.Unusable;
import dev.weir.curation.resolve.ReviewEvent.AnswerServed;
import dev.weir.curation.resolve.ReviewEvent.ReviewSeen;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Finds text, adapter and label of feedback: from itself, the review it is about, and the answer
 * that was served.
 *
 * <p>The adapter is the feedback's, else the review's, else the one that answered, else the
 * default. Pure and thread-safe.
 */
final class FeedbackResolver {

  private final OpinionReader opinions;

  FeedbackResolver(AdapterCatalog catalog) {
    this.opinions = new OpinionReader(catalog);
  }

  /**
   * Resolves as far as it goes.
   *
   * @param feedback what was said
   * @param review its review, when it came
   * @param served the answer to the review, when one was served
   * @param feedbackAt when it was said
   */
  Resolution resolve(
      Feedback feedback,
      @Nullable ReviewSeen review,
      @Nullable AnswerServed served,
      Instant feedbackAt) {
    // What no review can mend is refused before anybody waits for one.
    Rejected<String> hopeless = opinions.hopeless(feedback);
    if (hopeless != null) {
      return new Unusable(hopeless.reason(), hopeless.message());
    }
    String text = feedback.text() != null ? feedback.text() : review == null ? null : review.text();
    if (text == null) {
      return new Missing(
          Reason.UNKNOWN_REVIEW,
          "review '" + feedback.reviewId() + "' did not come",
          "produce the review first, or set 'text'");
    }
    if (feedback.verdict() != null && served == null) {
      return new Missing(
          Reason.UNRESOLVABLE_VERDICT,
          "nothing was served for review '" + feedback.reviewId() + "'",
          "give a 'label' instead of a verdict, or let inference classify the review first");
    }
    String adapter = adapter(feedback, review, served);
    Parsed<String> label = label(feedback, adapter, served);
    if (label instanceof Accepted<String> known) {
      TextKey key = TextKey.of(text);
      return new Resolved(
          new LabeledText(
              adapter,
              text,
              key.coarse(),
              key.value(),
              known.event(),
              feedback.reviewId(),
              source(feedback),
              feedbackAt,
              answer(adapter, known.event(), served)));
    }
    Rejected<String> bad = (Rejected<String>) label;
    return new Unusable(bad.reason(), bad.message());
  }

  private static String adapter(
      Feedback feedback, @Nullable ReviewSeen review, @Nullable AnswerServed served) {
    if (feedback.adapter() != null) {
      return feedback.adapter();
    }
    if (review != null) {
      return review.adapter();
    }
    return served != null ? served.adapter() : Limits.DEFAULT_ADAPTER;
  }

  private Parsed<String> label(Feedback feedback, String adapter, @Nullable AnswerServed served) {
    Parsed<LabelScheme> declared = opinions.scheme(adapter);
    if (declared instanceof Rejected<LabelScheme> unknown) {
      return new Rejected<>(unknown.reason(), unknown.message());
    }
    LabelScheme scheme = ((Accepted<LabelScheme>) declared).event();
    if (feedback.verdict() == null) {
      return opinions.stated(feedback, adapter, scheme);
    }
    return verdict(feedback.verdict() == Verdict.AGREE, adapter, scheme, served);
  }

  private Parsed<String> verdict(
      boolean agree, String adapter, LabelScheme scheme, @Nullable AnswerServed served) {
    if (served == null || served.label() == null) {
      return unresolvable("adapter '" + adapter + "' abstained on this review");
    }
    if (!served.adapter().equals(adapter)) {
      return unresolvable(
          "the answer came from adapter '"
              + served.adapter()
              + "', the feedback is for '"
              + adapter
              + "'");
    }
    Parsed<String> label = opinions.canonical(served.label(), adapter, scheme);
    if (agree || !(label instanceof Accepted<String> known)) {
      return label;
    }
    return scheme
        .opposite(known.event())
        .<Parsed<String>>map(Accepted::new)
        .orElseGet(
            () ->
                unresolvable(
                    "'disagree' does not tell which of the "
                        + scheme.labels().size()
                        + " labels of adapter '"
                        + adapter
                        + "' is right"));
  }

  private static Rejected<String> unresolvable(String problem) {
    return new Rejected<>(Reason.UNRESOLVABLE_VERDICT, problem + "; give a 'label' instead");
  }

  private static @Nullable ServedAnswer answer(
      String adapter, String label, @Nullable AnswerServed served) {
    if (served == null
        || served.version() == null
        || served.label() == null
        || !served.adapter().equals(adapter)) {
      return null;
    }
    return new ServedAnswer(served.version(), served.label().equals(label), served.trace());
  }

  private static String source(Feedback feedback) {
    String source = feedback.source();
    return source == null || source.isBlank() ? LabeledText.UNKNOWN_SOURCE : source;
  }
}
