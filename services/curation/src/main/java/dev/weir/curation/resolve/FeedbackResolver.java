package dev.weir.curation.resolve;

import dev.weir.common.event.AdapterCatalog;
import dev.weir.common.event.Feedback;
import dev.weir.common.event.Feedback.Verdict;
import dev.weir.common.event.LabelScheme;
import dev.weir.common.event.Limits;
import dev.weir.common.event.Parsed;
import dev.weir.common.event.Parsed.Accepted;
import dev.weir.common.event.Parsed.Reason;
import dev.weir.common.event.Parsed.Rejected;
import dev.weir.common.event.TextNormalizer;
import dev.weir.curation.resolve.LabeledText.ServedAnswer;
import dev.weir.curation.resolve.Resolution.Missing;
import dev.weir.curation.resolve.Resolution.Resolved;
import dev.weir.curation.resolve.Resolution.Unusable;
import dev.weir.curation.resolve.ReviewEvent.AnswerServed;
import dev.weir.curation.resolve.ReviewEvent.ReviewSeen;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Finds text, adapter and label of feedback: from itself, the review it is about, and the answer
 * that was served.
 *
 * <p>The adapter is the feedback's, else the review's, else the one that answered, else the
 * default. Pure and thread-safe.
 */
final class FeedbackResolver {

  private final AdapterCatalog catalog;

  FeedbackResolver(AdapterCatalog catalog) {
    this.catalog = catalog;
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
    Rejected<String> hopeless = hopeless(feedback);
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
      return new Resolved(
          new LabeledText(
              adapter,
              text,
              TextNormalizer.hash(text),
              known.event(),
              feedback.reviewId(),
              source(feedback),
              feedbackAt,
              answer(adapter, known.event(), served)));
    }
    Rejected<String> bad = (Rejected<String>) label;
    return new Unusable(bad.reason(), bad.message());
  }

  private @Nullable Rejected<String> hopeless(Feedback feedback) {
    if (feedback.verdict() != null && feedback.reviewId() == null) {
      return new Rejected<>(
          Reason.UNRESOLVABLE_VERDICT,
          "a verdict is about a served answer, but the feedback names no review;"
              + " set 'reviewId', or give a 'label'");
    }
    String adapter = feedback.adapter();
    if (adapter == null) {
      return null;
    }
    if (feedback.verdict() != null && catalog.scheme(adapter).isPresent()) {
      return null;
    }
    return label(feedback, adapter, null) instanceof Rejected<String> bad ? bad : null;
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
    Optional<LabelScheme> declared = catalog.scheme(adapter);
    if (declared.isEmpty()) {
      return new Rejected<>(
          Reason.UNKNOWN_ADAPTER,
          "adapter '"
              + adapter
              + "' is not declared, known are "
              + catalog.names().stream().sorted().toList()
              + "; declare it and its labels in WEIR_ADAPTERS");
    }
    LabelScheme scheme = declared.get();
    if (feedback.label() != null) {
      return canonical(feedback.label(), adapter, scheme);
    }
    if (feedback.stars() != null) {
      return scheme
          .forStars(feedback.stars())
          .<Parsed<String>>map(Accepted::new)
          .orElseGet(
              () ->
                  new Rejected<>(
                      Reason.UNMAPPED_STARS,
                      feedback.stars()
                          + " stars mean no label of adapter '"
                          + adapter
                          + "', mapped are "
                          + spans(scheme)
                          + "; give a 'label', or map them in WEIR_ADAPTERS"));
    }
    return verdict(feedback.verdict() == Verdict.AGREE, adapter, scheme, served);
  }

  private static Parsed<String> verdict(
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
    Parsed<String> label = canonical(served.label(), adapter, scheme);
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

  private static Parsed<String> canonical(String spelling, String adapter, LabelScheme scheme) {
    return scheme
        .canonical(spelling)
        .<Parsed<String>>map(Accepted::new)
        .orElseGet(
            () ->
                new Rejected<>(
                    Reason.UNKNOWN_LABEL,
                    "'"
                        + clipped(spelling)
                        + "' is not a label of adapter '"
                        + adapter
                        + "', accepted are "
                        + scheme.labels().stream().map(FeedbackResolver::spellings).toList()
                        + " in any letter case; use one of them, or declare it in WEIR_ADAPTERS"));
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
    return new ServedAnswer(served.version(), served.label().equals(label));
  }

  private static String source(Feedback feedback) {
    String source = feedback.source();
    return source == null || source.isBlank() ? LabeledText.UNKNOWN_SOURCE : source;
  }

  private static String spellings(LabelScheme.Label label) {
    return label.aliases().isEmpty()
        ? label.name()
        : label.name() + " (" + String.join(", ", label.aliases()) + ")";
  }

  private static String spans(LabelScheme scheme) {
    return scheme.labels().stream()
        .filter(label -> label.minStars() <= label.maxStars())
        .map(label -> label.minStars() + " to " + label.maxStars() + " = " + label.name())
        .toList()
        .toString();
  }

  private static String clipped(String value) {
    return value.length() > 64 ? value.substring(0, 64) + "…" : value;
  }
}
